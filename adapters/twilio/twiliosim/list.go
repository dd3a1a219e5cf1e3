package twiliosim

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	usualPage = 50
	maxPage   = 1000
	// tokenLetters stand before the id of the last message of a page.
	tokenLetters = "PA"
)

// filter is what a list is asked for.
type filter struct {
	to, from        string
	sentOn          string
	after, before   time.Time
	size, page      int
	below           int // index of the last message of the page before
	hasAfter, until bool
}

// list answers GET Messages.json: the newest first.
func (s *Sim) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	f, ok := s.book.readFilter(q)
	if !ok {
		writeError(w, badRequest)
		return
	}
	now := s.clock.Now()
	shown, more := s.book.find(f, now)
	b := make([]byte, 0, 512+1200*len(shown))
	b = append(b, `{"end":`...)
	b = strconv.AppendInt(b, int64(f.page*f.size+max(len(shown)-1, 0)), 10)
	b = append(b, `,"first_page_uri":`...)
	b = appendString(b, s.pageURI(q, f.size, 0, ""))
	b = append(b, `,"messages":[`...)
	for i, m := range shown {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.appendMessage(b, m, now)
	}
	b = append(b, `],"next_page_uri":`...)
	if more {
		b = appendString(b, s.pageURI(q, f.size, f.page+1, tokenLetters+shown[len(shown)-1].sid))
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"page":`...)
	b = strconv.AppendInt(b, int64(f.page), 10)
	b = append(b, `,"page_size":`...)
	b = strconv.AppendInt(b, int64(f.size), 10)
	b = append(b, `,"previous_page_uri":null,"start":`...)
	b = strconv.AppendInt(b, int64(f.page*f.size), 10)
	b = append(b, `,"uri":`...)
	b = appendString(b, s.pageURI(q, f.size, f.page, q.Get("PageToken")))
	writeJSON(w, http.StatusOK, append(b, '}'))
}

func (b *book) readFilter(q url.Values) (filter, bool) {
	f := filter{to: q.Get("To"), from: q.Get("From"), size: usualPage, below: len(b.all)}
	ok := true
	number := func(key string, to *int, lowest, highest int) {
		if v := q.Get(key); v != "" {
			n, err := strconv.Atoi(v)
			ok = ok && err == nil && n >= lowest
			*to = min(n, highest)
		}
	}
	number("PageSize", &f.size, 1, maxPage)
	number("Page", &f.page, 0, 1<<30)
	if token := q.Get("PageToken"); token != "" {
		last, known := b.bySID[strings.TrimPrefix(token, tokenLetters)]
		if !known {
			return f, false
		}
		f.below = last.index
	}
	if v := q.Get("DateSent"); v != "" {
		day, good := readDate(v)
		ok = ok && good
		f.sentOn = day.Format(time.DateOnly)
	}
	if v := q.Get("DateSent>"); v != "" {
		var good bool
		f.after, good = readDate(v)
		f.hasAfter, ok = true, ok && good
	}
	if v := q.Get("DateSent<"); v != "" {
		var good bool
		f.before, good = readDate(v)
		f.until, ok = true, ok && good
	}
	return f, ok
}

func readDate(v string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// find gives one page, and whether there is another.
func (b *book) find(f filter, now time.Time) (shown []*message, more bool) {
	from := b.all
	switch {
	case f.to != "" && b.byPhone[f.to] != nil:
		from = b.byPhone[f.to]
	case f.from != "" && b.byPhone[f.from] != nil:
		from = b.byPhone[f.from]
	}
	for i := len(from) - 1; i >= 0; i-- {
		m := from[i]
		if m.index >= f.below || m.removed || !f.matches(m, now) {
			continue
		}
		if len(shown) == f.size {
			return shown, true
		}
		shown = append(shown, m)
	}
	return shown, false
}

func (f *filter) matches(m *message, now time.Time) bool {
	if (f.to != "" && m.to != f.to) || (f.from != "" && m.from != f.from) {
		return false
	}
	if f.sentOn == "" && !f.hasAfter && !f.until {
		return true
	}
	at, sent := m.sentAt(now)
	at = at.UTC().Truncate(time.Second)
	return sent && (f.sentOn == "" || at.Format(time.DateOnly) == f.sentOn) &&
		(!f.hasAfter || !at.Before(f.after)) && (!f.until || !at.After(f.before))
}

// pageURI points to a page of the same question.
func (s *Sim) pageURI(q url.Values, size, page int, token string) string {
	out := url.Values{"PageSize": {strconv.Itoa(size)}, "Page": {strconv.Itoa(page)}}
	for _, key := range []string{"To", "From", "DateSent", "DateSent<", "DateSent>"} {
		if v := q.Get(key); v != "" {
			out.Set(key, v)
		}
	}
	if token != "" {
		out.Set("PageToken", token)
	}
	return s.prefix + "/Messages.json?" + out.Encode()
}
