package configs

import (
	"errors"
	"io"
	"os"
	"strings"
)

// files reads the values that are given as KEY_file.
type files struct {
	dir  string // of the configuration; relative paths begin there
	live bool   // refuse files that every user of the machine can read
}

// maxSecret bounds a value kept in a file: a token or a private key is smaller.
const maxSecret = 64 << 10

// read gives the content of a file without the newline at its end, or the
// problem. Neither the content nor the path is a part of the problem.
func (f files) read(path string) (value, problem string) {
	full := absolute(f.dir, path)
	if problem := plainFile(full); problem != "" {
		return "", problem
	}
	file, err := os.Open(full)
	if err != nil {
		return "", "the file cannot be opened: let the user that runs bellman read it"
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); f.live && (err != nil || info.Mode().Perm()&0o004 != 0) {
		return "", "every user of this machine can read the file: chmod 0600 it (in containers, mount it with mode 0440)"
	}
	b, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	switch {
	case err != nil:
		return "", "the file cannot be read: let the user that runs bellman read it"
	case len(b) > maxSecret:
		return "", "the file is larger than 64 KiB: it must hold the value alone"
	}
	value = strings.TrimRight(string(b), "\r\n")
	if strings.TrimSpace(value) == "" {
		return "", "the file is empty: write the value into it"
	}
	return value, ""
}

// plainFile says what is wrong with a path that must be a file. It looks before
// opening: opening a pipe would wait for its other end.
func plainFile(full string) (problem string) {
	info, err := os.Stat(full)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "the file is not there: create it, or correct the path (relative paths begin where the configuration is)"
	case err != nil:
		return "the file cannot be looked at: let the user that runs bellman read it"
	case !info.Mode().IsRegular():
		return "is not a plain file: give the path of a file that holds the value alone"
	}
	return ""
}
