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
// Redis never forgets a STOP. Its first line names the installation.
type Journal struct {
	path   string
	master *MasterKey
	mu     sync.Mutex
	id     string
	fresh  bool
}

// journalLine is what one line holds once opened.
type journalLine struct {
	Practice gateway.ODS `json:"practice"`
	Number   string      `json:"number"`
	Out      bool        `json:"out"` // true: opted out; false: opted in again
	At       time.Time   `json:"at"`
	By       string      `json:"by"`
}

var journalData = []byte("bellman opt-out journal")

// OpenJournal opens the journal at path or begins one.
func OpenJournal(path string, master *MasterKey) (*Journal, error) {
	j := &Journal{path: path, master: master}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(b) == 0) {
		j.id, j.fresh = newID(), true
		return j, j.write("bellman " + j.id + "\n")
	}
	if err != nil {
		return nil, fmt.Errorf("opt-out journal: %w", err)
	}
	head, _, _ := strings.Cut(string(b[:min(len(b), 200)]), "\n")
	id, ok := strings.CutPrefix(head, "bellman ")
	if !ok || id == "" {
		return nil, fmt.Errorf("opt-out journal: %s is not one of Bellman's", path)
	}
	j.id = id
	return j, nil
}

// ID names the installation.
func (j *Journal) ID() string { return j.id }

// Fresh reports whether the journal was begun just now, so that an empty Redis
// is no cause for alarm.
func (j *Journal) Fresh() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.fresh
}

// Settled says that Redis knows the installation from now on.
func (j *Journal) Settled() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fresh = false
}

// append seals one line and returns once it is on the disk.
func (j *Journal) append(l journalLine) error {
	b, err := json.Marshal(l)
	if err != nil {
		return errors.New("opt-out journal: cannot be written down")
	}
	sealed, err := j.master.aead.Encrypt(b, journalData)
	if err != nil {
		return errors.New("opt-out journal: cannot be sealed")
	}
	line := base64.StdEncoding.EncodeToString(sealed)
	return j.write(fmt.Sprintf("%s %08x\n", line, crc32.ChecksumIEEE([]byte(line))))
}

// Adopt takes over the id of an installation that exists already: a second
// replica on another machine begins its own journal.
func (j *Journal) Adopt(id string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := os.WriteFile(j.path, []byte("bellman "+id+"\n"), 0o600); err != nil {
		return fmt.Errorf("opt-out journal: %w", err)
	}
	j.id, j.fresh = id, false
	return nil
}

// write appends one line. A line torn off by a crash is ended first, so that it
// cannot swallow the next.
func (j *Journal) write(line string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("opt-out journal: %w", err)
	}
	st, err := f.Stat()
	if err == nil && st.Size() > 0 {
		last := make([]byte, 1)
		if _, e := f.ReadAt(last, st.Size()-1); e == nil && last[0] != '\n' {
			line = "\n" + line
		}
	}
	_, werr := f.WriteString(line)
	err = errors.Join(werr, f.Sync(), f.Close())
	if err == nil && st != nil && st.Size() == 0 {
		err = syncDir(filepath.Dir(j.path))
	}
	if err != nil {
		return fmt.Errorf("opt-out journal: %w", err)
	}
	return nil
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
	b, err := j.master.aead.Decrypt(sealed, journalData)
	if err != nil {
		return l, false
	}
	return l, json.Unmarshal(b, &l) == nil
}
