package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
)

// tide remembers how far each shard's counter of hand-overs had come: in memory,
// and in a small file beside the journal. A Redis whose counter is lower has lost
// what was written since, who was texted among it: a backup was put back, an old
// replica took over, or the end of its append-only file is gone.
//
// What another process wrote is learnt with the next claim. A loss is therefore
// not noticed by a process when others have written as much again before it looks.
type tide struct {
	known [Shards]atomic.Uint64

	syncing sync.Mutex // one at a time; taken before mu
	mu      sync.Mutex // never held while the disk is waited for: claims would wait too
	file    *os.File
	dirty   bool
}

const (
	tideHead = 32 // the installation's id, filled up with spaces
	tideSize = tideHead + 8*Shards
)

// open reads the file of an installation, or begins it. A file of another
// installation says nothing. Where it is open already, what another process of
// this machine wrote there is learnt.
func (t *tide) open(path, id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file != nil {
		b := make([]byte, tideSize)
		if _, err := t.file.ReadAt(b, 0); err == nil {
			t.learn(b)
		}
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return tideError(err)
	}
	b := make([]byte, tideSize)
	_, err = io.ReadFull(f, b)
	head := fmt.Sprintf("%-*s", tideHead, id)
	switch {
	case err == nil && string(b[:tideHead]) == head:
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		b = append([]byte(head), make([]byte, 8*Shards)...)
		if _, err := f.WriteAt(b, 0); err != nil {
			return tideError(errors.Join(err, f.Close()))
		}
	default:
		return tideError(errors.Join(err, f.Close()))
	}
	t.learn(b)
	t.file = f
	return nil
}

// learn takes over what a file knows and we do not.
func (t *tide) learn(b []byte) {
	for i := range t.known {
		if n := binary.BigEndian.Uint64(b[tideHead+8*i:]); n > t.known[i].Load() {
			t.known[i].Store(n)
		}
	}
}

// tideError leaves the path out of what the disk says.
func tideError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("the file beside the opt-out journal that tells an old Redis: %w", err)
}

// floor gives what a shard's counter had come to: ask before you ask Redis, since
// answers overtake one another.
func (t *tide) floor(sh Shard) uint64 { return t.known[sh].Load() }

// rise remembers what a shard's counter has come to. The file is written and not
// yet on the disk: a process that is killed loses nothing, a machine that loses
// its power a second or two.
func (t *tide) rise(sh Shard, to uint64) {
	for {
		was := t.known[sh].Load()
		if to <= was {
			return
		}
		if t.known[sh].CompareAndSwap(was, to) {
			break
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write(sh)
}

// write puts one shard's counter into the file. A write that fails is found by
// sync, which tells of it; until then memory knows.
func (t *tide) write(sh Shard) {
	if t.file == nil {
		return
	}
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8), t.known[sh].Load())
	_, _ = t.file.WriteAt(b, tideHead+8*int64(sh))
	t.dirty = true
}

// sync brings the file onto the disk.
func (t *tide) sync() error {
	t.syncing.Lock()
	defer t.syncing.Unlock()
	return t.toDisk()
}

func (t *tide) toDisk() error {
	f, err := t.catchUp()
	if f == nil || err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		t.mu.Lock()
		t.dirty = true
		t.mu.Unlock()
		return tideError(err)
	}
	return nil
}

// catchUp writes what could not be written before, and gives the file when there
// is something to bring onto the disk.
func (t *tide) catchUp() (*os.File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.dirty || t.file == nil {
		return nil, nil
	}
	for sh := range Shard(Shards) {
		b := binary.BigEndian.AppendUint64(make([]byte, 0, 8), t.known[sh].Load())
		if _, err := t.file.WriteAt(b, tideHead+8*int64(sh)); err != nil {
			return nil, tideError(err)
		}
	}
	t.dirty = false
	return t.file, nil
}

// fall takes over what Redis says although it is less: the store is in hold and
// what was lost is being looked for.
func (t *tide) fall(to []uint64) error {
	for i, n := range to {
		t.known[i].Store(n)
	}
	t.mu.Lock()
	t.dirty = true
	t.mu.Unlock()
	return t.sync()
}

func (t *tide) close() error {
	t.syncing.Lock()
	defer t.syncing.Unlock()
	err := t.toDisk()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return err
	}
	err = errors.Join(err, t.file.Close())
	t.file = nil
	return err
}
