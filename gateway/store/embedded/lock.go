package embedded

import (
	"context"
	"errors"
	"os"
	"syscall"
)

// tryLock locks a file for as long as it stays open in any process. It gives
// syscall.EWOULDBLOCK when somebody else has it.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lock waits until the lock can be had, or ctx ends.
func lock(ctx context.Context, path string) (*os.File, error) {
	for {
		f, err := tryLock(path)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) {
			return f, err
		}
		sleep(ctx, lookAgain)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}
