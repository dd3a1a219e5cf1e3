package filesim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Published is a server that publishes the calendar of an invented practice under an
// address that nobody can guess. It is safe for concurrent use.
type Published struct {
	diary *surgery.Diary
	clock gateway.Clock

	mu     sync.Mutex
	book   Book
	faults Faults
	cached *answer
	calls  map[int]int
}

// PublishedPath is where the calendar lies: the secret part of its address.
const PublishedPath = "/calendar/3f9c2b7e51d84a06/diary.ics"

// Faults are ways in which the server fails.
type Faults struct {
	Status   int  `json:"status"`   // of every answer, when not 0
	Truncate bool `json:"truncate"` // the answer breaks off
	Page     bool `json:"page"`     // a log-in page in HTML, with status 200
	Empty    bool `json:"empty"`    // a calendar without events
	SlowMS   int  `json:"slow_ms"`  // how long every answer takes
	Cached   bool `json:"cached"`   // the answer of the first request since, with a growing Age
}

type answer struct {
	text []byte
	made time.Time
}

// NewPublished makes a server for a diary.
func NewPublished(d *surgery.Diary, clock gateway.Clock, b Book) *Published {
	return &Published{diary: d, clock: clock, book: b, calls: map[int]int{}}
}

// SetFaults replaces the faults. Cached takes its picture now.
func (p *Published) SetFaults(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults, p.cached = f, nil
	if f.Cached {
		p.cached = &answer{CalendarText(p.diary, p.clock.Now(), p.book), p.clock.Now()}
	}
}

// Change edits how the calendar is made.
func (p *Published) Change(edit func(*Book)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	edit(&p.book)
}

// Calls says how many answers of each status were given.
func (p *Published) Calls(status int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[status]
}

// ServeHTTP publishes the calendar.
func (p *Published) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, f := p.answer()
	if f.SlowMS > 0 {
		pause := time.NewTimer(time.Duration(f.SlowMS) * time.Millisecond)
		defer pause.Stop()
		select {
		case <-r.Context().Done():
			return
		case <-pause.C:
		}
	}
	sum := sha256.Sum256(withoutStamps(a.text))
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("Date", a.made.UTC().Format(http.TimeFormat))
	w.Header().Set("Age", strconv.Itoa(int(p.clock.Now().Sub(a.made).Seconds())))
	status := http.StatusOK
	switch {
	case r.URL.Path != PublishedPath:
		status = http.StatusNotFound
	case f.Status != 0:
		status = f.Status
	case r.Header.Get("If-None-Match") == tag:
		status = http.StatusNotModified
	}
	p.mu.Lock()
	p.calls[status]++
	p.mu.Unlock()
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	switch {
	case f.Page:
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<!DOCTYPE html><title>Sign in</title>")
	case f.Truncate:
		_, _ = w.Write(a.text[:len(a.text)*2/3])
	default:
		_, _ = w.Write(a.text)
	}
}

func (p *Published) answer() (answer, Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cached != nil {
		return *p.cached, p.faults
	}
	now := p.clock.Now()
	if p.faults.Empty {
		return answer{CalendarText(surgery.New(p.clock), now, p.book), now}, p.faults
	}
	return answer{CalendarText(p.diary, now, p.book), now}, p.faults
}

// withoutStamps leaves out what is new in every answer.
func withoutStamps(text []byte) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte("DTSTAMP")) {
			out = append(out, line...)
		}
	}
	return out
}
