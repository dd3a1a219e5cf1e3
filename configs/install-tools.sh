#!/bin/sh
# Installs a program that the tests start, with Debian's or Ubuntu's packages, or
# says what to install. It asks for no password: without rights it only says.
set -u
name=$1
if ! command -v apt-get >/dev/null; then
	echo "install $name, then run this again" >&2
	exit 1
fi
run=""
if [ "$(id -u)" -ne 0 ]; then
	if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		run="sudo -n"
	else
		echo "install it first: sudo apt install $name" >&2
		exit 1
	fi
fi
echo "installing $name"
export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq >/dev/null 2>&1 || true
if ! $run apt-get install -y -qq --no-install-recommends "$name" >/dev/null; then
	echo "could not install $name; install it by hand: sudo apt install $name" >&2
	exit 1
fi
