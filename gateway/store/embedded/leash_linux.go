package embedded

import "syscall"

// Leash makes a child get a signal when this process dies, even by kill -9, so
// that no server stays behind that nobody would ever stop.
func Leash(a *syscall.SysProcAttr, s syscall.Signal) { a.Pdeathsig = s }
