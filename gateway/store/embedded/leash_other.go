//go:build !linux

package embedded

import "syscall"

// Leash does nothing here: the system has no such signal, and a server whose
// starter was killed lives on until the next start joins it.
func Leash(*syscall.SysProcAttr, syscall.Signal) {}
