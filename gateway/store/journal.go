package store

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"bellman/gateway"
)

// Journal is the append-only file of opt-outs outside Redis. Each line is sealed
// and on the disk before a patient is told anything, so that a flushed or lost
// Redis never forgets a STOP. Its first line names the installation; lines that
// begin with # note which marking of Redis it was last joined to. Several
// processes of one machine append to one journal.
type Journal struct {
	path   string
	master *MasterKey
	mu     sync.Mutex
	id     string
	joined string // the marking of Redis that it was last joined to; "": never

	queue sync.Mutex    // of next alone; never held while the disk is waited for
	next  *journalBatch // what goes to the disk when what is on its way has got there
}

const (
	journalHead   = "bellman "
	journalJoined = "# joined "
)

// journalLine is what one line holds once opened.
type journalLine struct {
	Practice gateway.ODS `json:"practice"`
	Number   string      `json:"number"`
	Out      bool        `json:"out"` // true: opted out; false: opted in again
	At       time.Time   `json:"at"`
	By       string      `json:"by"`
	Message  string      `json:"message,omitempty"` // the text that asked for it

	Who   string        `json:"who,omitempty"`
	Scope gateway.Scope `json:"scope,omitempty"`
	Note  string        `json:"note,omitempty"`

	// Of a visit or a clinic. Who lifts one names its number in Of and not in Number:
	// a version that knows only whole practices withholds more for the first, and must
	// not lift everything for the second.
	Visit  string    `json:"visit,omitempty"`
	Start  time.Time `json:"start,omitzero"`
	Clinic string    `json:"clinic,omitempty"`
	Of     string    `json:"of,omitempty"`
}

var journalData = []byte("bellman opt-out journal")

// OpenJournal opens the journal at path or begins one.
func OpenJournal(path string, master *MasterKey) (*Journal, error) {
	b, err := os.ReadFile(path)
	if err == nil && len(b) == 0 {
		err = os.Remove(path) // an empty file, made by hand, says nothing
	}
	if len(b) == 0 && (err == nil || errors.Is(err, fs.ErrNotExist)) {
		if err = beginJournal(path); err == nil {
			b, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opt-out journal: %w", err)
	}
	head, rest, _ := strings.Cut(string(b), "\n")
	id, ok := strings.CutPrefix(head, journalHead)
	if !ok || id == "" {
		return nil, fmt.Errorf("opt-out journal: %s is not one of Bellman's", path)
	}
	j := &Journal{path: path, master: master, id: id}
	for line := range strings.Lines(rest) {
		if mark, ok := strings.CutPrefix(strings.TrimSpace(line), journalJoined); ok {
			j.joined = mark
		} else if j.joined == "" && strings.TrimSpace(line) != "" {
			j.joined = "unknown"
		}
	}
	return j, nil
}

// beginJournal puts a journal with a fresh id at path, whole or not at all. When
// another process does the same at this moment, one of the two stays.
func beginJournal(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".journal-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(journalHead + newID(12) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// ID names the installation.
func (j *Journal) ID() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.id
}

// Fresh reports whether the journal was never joined to a Redis, so that an empty
// one is no cause for alarm.
func (j *Journal) Fresh() bool { return j.joinedTo() == "" }

func (j *Journal) joinedTo() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.joined
}

// join notes which marking of Redis the journal is joined to from now on.
func (j *Journal) join(mark string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.joined == mark {
		return nil
	}
	if err := j.write(journalJoined + mark + "\n"); err != nil {
		return err
	}
	j.joined = mark
	return nil
}

// Adopt takes over the id of an installation that exists already: a second
// replica on another machine begins its own journal. Only a fresh journal can.
func (j *Journal) Adopt(id string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	now, err := OpenJournal(j.path, j.master)
	switch {
	case err != nil:
		return err
	case now.id == id:
		j.id, j.joined = id, now.joined
		return nil
	case now.joined != "":
		return errors.New("opt-out journal: it already belongs to another installation")
	}
	next := j.path + ".adopted"
	err = os.WriteFile(next, []byte(journalHead+id+"\n"), 0o600)
	if err == nil {
		err = os.Rename(next, j.path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(j.path))
	}
	if err != nil {
		return fmt.Errorf("opt-out journal: %w", err)
	}
	j.id = id
	return nil
}

// append seals lines and returns once all of them are on the disk.
func (j *Journal) append(lines ...journalLine) error {
	var all strings.Builder
	for _, l := range lines {
		b, err := json.Marshal(l)
		if err != nil {
			return errors.New("opt-out journal: cannot be written down")
		}
		sealed, err := j.master.encrypt(b, journalData)
		if err != nil {
			return errors.New("opt-out journal: cannot be sealed")
		}
		line := base64.StdEncoding.EncodeToString(sealed)
		_, _ = fmt.Fprintf(&all, "%s %08x\n", line, crc32.ChecksumIEEE([]byte(line)))
	}
	return j.together(all.String())
}

// write appends whole lines. A line torn off by a crash is ended first, so that it
// cannot swallow the next; a journal that was deleted while we ran begins anew
// with its name.
func (j *Journal) write(line string) error {
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("opt-out journal: %w", err)
	}
	before, err := j.before(f)
	if err == nil {
		_, err = f.WriteString(before + line)
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil && strings.HasPrefix(before, journalHead) {
		err = syncDir(filepath.Dir(j.path))
	}
	if err != nil {
		return fmt.Errorf("opt-out journal: %w", err)
	}
	return nil
}

// before gives what has to stand before the next line.
func (j *Journal) before(f *os.File) (string, error) {
	st, err := f.Stat()
	if err != nil {
		return "", err
	}
	if st.Size() == 0 {
		return journalHead + j.id + "\n", nil
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, st.Size()-1); err != nil || last[0] == '\n' {
		return "", err
	}
	return "\n", nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// read gives every line that opens, and how many whole lines do not. A line torn
// off by a crash fails its checksum; nobody was told that it was kept, so it is
// passed over.
func (j *Journal) read() (lines []journalLine, damaged int, err error) {
	f, err := os.Open(j.path)
	if err != nil {
		return nil, 0, fmt.Errorf("opt-out journal: %w", err)
	}
	defer func() { _ = f.Close() }()
	r := bufio.NewReader(f)
	for n := 0; ; n++ {
		raw, err := r.ReadBytes('\n')
		if len(bytes.TrimSpace(raw)) > 0 && n > 0 {
			if text, whole := checked(raw); whole {
				if l, ok := j.open(text); ok {
					lines = append(lines, l)
				} else {
					damaged++
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return lines, damaged, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("opt-out journal: %w", err)
		}
	}
}

// checked takes the checksum off a line and compares it.
func checked(raw []byte) (string, bool) {
	text, sum, ok := strings.Cut(string(bytes.TrimSpace(raw)), " ")
	return text, ok && sum == fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text)))
}

func (j *Journal) open(text string) (journalLine, bool) {
	var l journalLine
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return l, false
	}
	b, err := j.master.decrypt(sealed, journalData)
	if err != nil {
		return l, false
	}
	return l, json.Unmarshal(b, &l) == nil
}
