// Package tail tears the end off the append-only file of a redis-server that is
// dead, as a machine does that loses its power before what was written reached the
// disk. It is for tests and for cmd/chaos.
package tail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Mark is how far an append-only file had come at one moment.
type Mark struct {
	file string
	size int64
}

// Size gives how many bytes the file had.
func (m Mark) Size() int64 { return m.size }

// Now tells how far the append-only file of the redis-server that works in dir has
// come: the newest of its incremental files, to which every write is appended.
func Now(dir string) (Mark, error) {
	all, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	if err != nil {
		return Mark{}, fmt.Errorf("look for the append-only file: %w", err)
	}
	newest, file := -1, ""
	for _, f := range all {
		if n := number(f); n > newest {
			newest, file = n, f
		}
	}
	if file == "" {
		return Mark{}, errors.New("there is no append-only file")
	}
	st, err := os.Stat(file)
	if err != nil {
		return Mark{}, fmt.Errorf("look at the append-only file: %w", err)
	}
	return Mark{file, st.Size()}, nil
}

// number gives the number in a name such as appendonly.aof.12.incr.aof.
func number(file string) int {
	parts := strings.Split(filepath.Base(file), ".")
	if len(parts) < 3 {
		return -1
	}
	n, err := strconv.Atoi(parts[len(parts)-3])
	if err != nil {
		return -1
	}
	return n
}

// Tear cuts the file somewhere in what was written since a mark, and gives how many
// bytes are lost. share says where: 0 loses all of it, 1 nothing. A file that was
// begun since is cut anywhere. The server must be dead.
func Tear(dir string, since Mark, share float64) (int64, error) {
	end, err := Now(dir)
	if err != nil {
		return 0, err
	}
	from := min(since.size, end.size)
	if since.file != end.file {
		from = 0
	}
	to := from + int64(share*float64(end.size-from))
	if err := os.Truncate(end.file, to); err != nil {
		return 0, fmt.Errorf("tear the append-only file: %w", err)
	}
	return end.size - to, nil
}
