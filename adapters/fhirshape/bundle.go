package fhirshape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Bundle is one page of a search's answer.
type Bundle struct {
	Entries []Entry
	Next    string      // the address of the next page, as it stands there; empty on the last
	Total   int         // as the server counts all pages; -1 when it does not say
	Notes   []string    // what an operator should know
	Partial bool        // the server says that it could not give everything
	Made    []time.Time // when the server put it together, by its own word; none when it does not say
}

// Entry is one resource of a page. At most one of Appointment, Patient and Why is
// set; none for a resource of another kind.
type Entry struct {
	Number      int    // from 1, for people who look for it
	FullURL     string // as Address writes it
	Kind        string // the resource's type
	Resource    json.RawMessage
	Appointment *Appointment
	Patient     *Patient
	Why         Flaw // it cannot be read, and why
}

// Why a page as a whole cannot be trusted.
var (
	ErrNotJSON   = errors.New("the answer is not JSON, or it breaks off")
	ErrNotBundle = errors.New("the answer is not a search result")
	ErrLinks     = errors.New("the links to further pages cannot be read")
)

// link is the address of a page of the same answer.
type link struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

// ReadBundle reads a page. It fails when the page as a whole cannot be trusted; an
// entry that cannot be read stops none of the others.
func ReadBundle(body []byte) (Bundle, error) {
	var b struct {
		ResourceType string        `json:"resourceType"`
		Type         string        `json:"type"`
		Total        Word          `json:"total"`
		Timestamp    Loose[string] `json:"timestamp"`
		Meta         Loose[struct {
			LastUpdated string `json:"lastUpdated"`
		}] `json:"meta"`
		Link  Many[link]        `json:"link"`
		Entry []json.RawMessage `json:"entry"`
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !json.Valid(body) {
		return Bundle{}, ErrNotJSON
	}
	if err := json.Unmarshal(body, &b); err != nil || b.ResourceType != "Bundle" || (b.Type != "" && b.Type != "searchset") {
		return Bundle{}, ErrNotBundle
	}
	p := Bundle{Total: -1}
	if n, err := strconv.Atoi(b.Total.Value); err == nil && n >= 0 {
		p.Total = n
	}
	for _, said := range []string{b.Timestamp.Value, b.Meta.Value.LastUpdated} {
		if at, err := time.Parse(time.RFC3339, said); err == nil {
			p.Made = append(p.Made, at)
		}
	}
	if !b.Link.Whole() {
		return Bundle{}, ErrLinks
	}
	for _, l := range b.Link.Items {
		if l.Value.Relation != "next" {
			continue
		}
		if l.Value.URL == "" || (p.Next != "" && p.Next != l.Value.URL) {
			return Bundle{}, ErrLinks
		}
		p.Next = l.Value.URL
	}
	for i, raw := range b.Entry {
		p.add(i+1, raw)
	}
	return p, nil
}

// add reads one entry.
func (p *Bundle) add(number int, raw json.RawMessage) {
	e := Entry{Number: number}
	var outer struct {
		FullURL  Word                 `json:"fullUrl"`
		Resource One[json.RawMessage] `json:"resource"`
		Search   One[struct {
			Mode string `json:"mode"`
		}] `json:"search"`
	}
	var kind struct {
		ResourceType string `json:"resourceType"`
	}
	resource := &outer.Resource
	if json.Unmarshal(raw, &outer) != nil || resource.Bad || json.Unmarshal(resource.Value, &kind) != nil || kind.ResourceType == "" {
		e.Why = FlawNoResource
		p.Entries = append(p.Entries, e)
		return
	}
	e.FullURL, e.Kind, e.Resource = Address(outer.FullURL.Value), kind.ResourceType, resource.Value
	switch kind.ResourceType {
	case "Appointment":
		if outer.Search.Value.Mode == "include" {
			return // told along with another one; not an answer to the question
		}
		e.Appointment = &Appointment{}
		if json.Unmarshal(e.Resource, e.Appointment) != nil || e.Appointment.Participant.Bad {
			e.Appointment, e.Why = nil, FlawKind
		}
	case "Patient":
		e.Patient = &Patient{}
		if json.Unmarshal(e.Resource, e.Patient) != nil {
			return // its appointments will say that the record is not available
		}
	case "OperationOutcome":
		p.outcome(e.Resource)
		return
	}
	p.Entries = append(p.Entries, e)
}

// outcome reads the warnings that came with an answer.
func (p *Bundle) outcome(raw json.RawMessage) {
	var o Outcome
	if json.Unmarshal(raw, &o) != nil || !o.Issue.Whole() {
		p.Partial = true
		p.note("the clinical system sent a warning that cannot be read; the read counts as incomplete")
		return
	}
	for _, i := range o.Issue.Items {
		issue := i.Value
		code := issue.Code
		if !slices.Contains(issueCodes, code) {
			code = "unknown"
		}
		switch {
		case issue.Severity == "error" || issue.Severity == "fatal" || slices.Contains(partialCodes, code):
			p.Partial = true
			p.note(fmt.Sprintf("the clinical system says that its answer is not whole (%s)", code))
		case issue.Severity == "warning":
			p.note(fmt.Sprintf("the clinical system sent a warning (%s): it may have ignored a search parameter", code))
		}
	}
}

func (p *Bundle) note(s string) {
	if !slices.Contains(p.Notes, s) {
		p.Notes = append(p.Notes, s)
	}
}
