package cliniko

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	perPage = 100 // the most that Cliniko gives
	// maxPages bounds one list: ten thousand records are more than a clinic books in
	// two weeks.
	maxPages = 100
	// manyIDs is how many ids one question names. How many Cliniko takes is not
	// published; fifty of 19 digits make an address of 1,100 characters.
	manyIDs = 50
)

var (
	errNotJSON     = errors.New("the answer is not whole, well-formed JSON")
	errNotTheList  = errors.New("the answer is not the list that was asked for")
	errBadNext     = errors.New("the next page is at an address that was not asked for")
	errEndless     = errors.New("the list has too many pages, or pages that go round in a circle")
	errOtherRecord = errors.New("the answer is not the record that was asked for")
)

// The lists that are read, by their path and the name of the list in the answer.
const (
	listIndividuals = "individual_appointments"
	listGroups      = "group_appointments"
	listAttendees   = "attendees"
	listPatients    = "patients"
	listBusinesses  = "businesses"
	listTypes       = "appointment_types"
)

// plain gives the name of a list in words.
func plain(list string) string { return strings.ReplaceAll(list, "_", " ") }

// entry is one record of a list, with its place.
type entry struct {
	page, row int
	raw       json.RawMessage
}

// listing is a whole list, as it came over one or more pages.
type listing struct {
	entries []entry
	pages   int
	total   int  // how many entries Cliniko says there are; -1: it does not say
	torn    bool // the pages disagree on how many there are
}

// counts reports whether as many different records came as Cliniko says that there
// are, on every page the same.
func (l listing) counts(different int) bool { return !l.torn && l.total == different }

// query makes the question for a list: filters such as "updated_at:>=...".
func query(filters ...string) url.Values {
	return url.Values{"q[]": filters, "per_page": {fmt.Sprint(perPage)}}
}

// instant writes a moment as the filters want it.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// list reads a whole list, following the links from page to page.
func (t *talk) list(ctx context.Context, name string, q url.Values) (listing, error) {
	all := listing{total: -1}
	address := t.a.base + "/" + name + "?" + q.Encode()
	seen := map[string]bool{}
	for address != "" {
		if seen[address] || all.pages == maxPages {
			return listing{}, fmt.Errorf("read the %s: %w", plain(name), errEndless)
		}
		seen[address] = true
		all.pages++
		body, err := t.get(ctx, address)
		if err == nil {
			address, err = all.page(t.a.base, name, body)
		}
		if err != nil {
			return listing{}, fmt.Errorf("read the %s, page %d: %w", plain(name), all.pages, err)
		}
	}
	return all, nil
}

// page takes in one page and gives the address of the next, empty after the last.
func (l *listing) page(base, name string, body []byte) (next string, err error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return "", errNotJSON
	}
	var rows []json.RawMessage
	if json.Unmarshal(fields[name], &rows) != nil || rows == nil {
		return "", errNotTheList
	}
	total := -1
	if raw, ok := fields["total_entries"]; ok && json.Unmarshal(raw, &total) != nil {
		total = -1
	}
	l.torn = l.torn || l.pages > 1 && total != l.total
	l.total = total
	for i, r := range rows {
		l.entries = append(l.entries, entry{l.pages, i + 1, r})
	}
	var links struct {
		Next scalar `json:"next"`
	}
	if raw, ok := fields["links"]; ok && json.Unmarshal(raw, &links) != nil {
		return "", errNotTheList
	}
	return follow(base, name, links.Next)
}

// follow checks the address of a next page: it must be on the same host, by the
// same scheme, and the same list. An answer must not send our key elsewhere.
func follow(base, name string, next scalar) (string, error) {
	text, ok := next.text()
	if !ok {
		return "", errBadNext
	}
	if text == "" {
		return "", nil
	}
	to, err := url.Parse(text)
	from, errBase := url.Parse(base + "/" + name)
	if err != nil || errBase != nil || to.Scheme != from.Scheme || to.Host != from.Host || to.User != nil || to.Path != from.Path {
		return "", errBadNext
	}
	return to.String(), nil
}

// count asks how many records a list has, for the price of one.
func (t *talk) count(ctx context.Context, name string, filters ...string) (int, error) {
	q := query(filters...)
	q.Set("per_page", "1")
	body, err := t.get(ctx, t.a.base+"/"+name+"?"+q.Encode())
	if err != nil {
		return 0, fmt.Errorf("count the %s: %w", plain(name), err)
	}
	l := listing{pages: 1}
	if _, err := l.page(t.a.base, name, body); err != nil {
		return 0, fmt.Errorf("count the %s: %w", plain(name), err)
	}
	return l.total, nil
}

// one reads one record by its id. It checks that it is that record.
func one[T record](ctx context.Context, t *talk, list, id string) (T, error) {
	var out, none T
	body, err := t.get(ctx, t.a.base+"/"+list+"/"+id)
	if err != nil {
		return none, err
	}
	if json.Unmarshal(body, &out) != nil {
		return none, errNotJSON
	}
	if got, ok := out.id().id(); !ok || got != id {
		return none, errOtherRecord
	}
	return out, nil
}

// chunks cuts ids into questions of at most manyIDs, as filters on a field.
func chunks(field string, ids []string) []string {
	var out []string
	for len(ids) > 0 {
		n := min(len(ids), manyIDs)
		out = append(out, field+":="+strings.Join(ids[:n], ","))
		ids = ids[n:]
	}
	return out
}
