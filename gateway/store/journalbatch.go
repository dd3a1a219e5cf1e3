package store

import "strings"

// journalBatch is lines that go to the disk together. Whoever brought the first of
// them writes all; the others wait for it.
type journalBatch struct {
	lines strings.Builder
	done  chan struct{}
	err   error // once done is closed
}

// together writes whole lines, along with those that others bring while the lines
// before them are on their way to the disk: many STOPs at once cost few syncs. It
// returns once they are on the disk, or may not be.
func (j *Journal) together(lines string) error {
	j.queue.Lock()
	b := j.next
	first := b == nil
	if first {
		b = &journalBatch{done: make(chan struct{})}
		j.next = b
	}
	b.lines.WriteString(lines)
	j.queue.Unlock()
	if !first {
		<-b.done
		return b.err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.queue.Lock()
	j.next = nil // who comes now begins the next one
	j.queue.Unlock()
	b.err = j.write(b.lines.String())
	close(b.done)
	return b.err
}
