// Package audit is the trail of what people did with patients' data: an
// append-only file in which every line carries the hash of the line before it,
// so that a line changed or taken out is found. It holds our ids and reasons,
// never a name, a number or a text.
package audit

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Entry is one thing that somebody did.
type Entry struct {
	At       time.Time `json:"at"` // UTC
	Who      string    `json:"who"`
	What     string    `json:"what"` // "plan --reveal", "queue release"
	Practice string    `json:"practice,omitempty"`
	Detail   string    `json:"detail,omitempty"` // counts, our ids, a person's reason
	Before   string    `json:"before"`           // hash of the line before, in hex
}

// Trail writes entries to one file. Several processes may share the file.
type Trail struct {
	path string
	mu   sync.Mutex
}

// New makes a trail that is kept in the file at path.
func New(path string) *Trail { return &Trail{path: path} }

// Append writes an entry down and returns once it is on the disk.
func (t *Trail) Append(e Entry) (err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := os.OpenFile(t.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("audit trail: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("audit trail: %w", err)
	}
	last, err := walk(f, func(Entry) {})
	if err != nil {
		return err
	}
	e.At, e.Before = e.At.UTC().Truncate(time.Second), last
	b, err := json.Marshal(e)
	if err != nil {
		return errors.New("audit trail: an entry cannot be written down")
	}
	end, err := f.Seek(0, 2)
	if err != nil {
		return fmt.Errorf("audit trail: %w", err)
	}
	if _, err := f.WriteAt(append(b, '\n'), end); err != nil {
		return fmt.Errorf("audit trail: %w", err)
	}
	return f.Sync()
}

// Verify reads the whole trail and gives its entries, or says at which line the
// chain breaks.
func (t *Trail) Verify() ([]Entry, error) {
	f, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("audit trail: %w", err)
	}
	defer func() { _ = f.Close() }()
	var out []Entry
	_, err = walk(f, func(e Entry) { out = append(out, e) })
	return out, err
}

// walk reads every line, checks the chain, and gives the hash of the last line.
func walk(f *os.File, each func(Entry)) (string, error) {
	last, n := "", 0
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		n++
		line := strings.TrimSuffix(sc.Text(), "\n")
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Before != last {
			return "", fmt.Errorf("audit trail: broken at line %d: it was changed, or a line before it was", n)
		}
		each(e)
		sum := sha256.Sum256([]byte(line))
		last = hex.EncodeToString(sum[:])
	}
	if err := sc.Err(); err != nil {
		return "", fmt.Errorf("audit trail: %w", err)
	}
	return last, nil
}
