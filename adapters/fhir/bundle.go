package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"bellman/gateway/outbound"
)

// page is one page of a search's answer.
type page struct {
	entries []entry
	next    string // empty on the last page
	total   int    // as the server counts all pages; -1 when it does not say
	notes   []string
	partial bool        // the server says that it could not give everything
	made    []time.Time // when the server put it together, by its own word; none when it does not say
}

// entry is one resource of a page. Exactly one of appointment, person and why is
// set; resources of other kinds are left out.
type entry struct {
	number      int // from 1, for people who look for it
	fullURL     string
	appointment *appointment
	person      *person
	why         flaw // it cannot be read, and why
}

var (
	errNotJSON   = errors.New("the answer is not JSON, or it breaks off")
	errNotBundle = errors.New("the answer is not a search result")
	errLinks     = errors.New("the links to further pages cannot be read")
)

// outcome is FHIR's list of warnings and errors. Its prose is never read: it may
// quote a patient.
type outcome struct {
	Issue []struct {
		Severity string `json:"severity"`
		Code     string `json:"code"`
	} `json:"issue"`
}

// decodePage reads a Bundle. It fails when the page as a whole cannot be
// trusted; an entry that cannot be read stops none of the others.
func decodePage(body []byte) (page, error) {
	var b struct {
		ResourceType string          `json:"resourceType"`
		Type         string          `json:"type"`
		Total        json.RawMessage `json:"total"`
		Timestamp    loose[string]   `json:"timestamp"`
		Meta         loose[struct {
			LastUpdated string `json:"lastUpdated"`
		}] `json:"meta"`
		Link []struct {
			Relation string `json:"relation"`
			URL      string `json:"url"`
		} `json:"link"`
		Entry []json.RawMessage `json:"entry"`
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !json.Valid(body) {
		return page{}, errNotJSON
	}
	if err := json.Unmarshal(body, &b); err != nil || b.ResourceType != "Bundle" || (b.Type != "" && b.Type != "searchset") {
		return page{}, errNotBundle
	}
	p := page{total: -1}
	if said(b.Total) && (json.Unmarshal(b.Total, &p.total) != nil || p.total < 0) {
		p.total = -1
	}
	for _, said := range []string{b.Timestamp.Value, b.Meta.Value.LastUpdated} {
		if at, err := time.Parse(time.RFC3339, said); err == nil {
			p.made = append(p.made, at)
		}
	}
	for _, l := range b.Link {
		if l.Relation != "next" {
			continue
		}
		if l.URL == "" || (p.next != "" && p.next != l.URL) {
			return page{}, errLinks
		}
		p.next = l.URL
	}
	for i, raw := range b.Entry {
		p.add(i+1, raw)
	}
	return p, nil
}

// tell says how old a page is that came at now: by the headers of the answer and
// by its own word.
func (p *page) tell(age *outbound.Age, res *outbound.Response, now time.Time) {
	age.Heard(res, now)
	for _, at := range p.made {
		age.Told(at, now)
	}
}

// add reads one entry.
func (p *page) add(number int, raw json.RawMessage) {
	e := entry{number: number}
	var outer struct {
		FullURL  string          `json:"fullUrl"`
		Resource json.RawMessage `json:"resource"`
		Search   loose[struct {
			Mode string `json:"mode"`
		}] `json:"search"`
	}
	var kind struct {
		ResourceType string `json:"resourceType"`
	}
	if json.Unmarshal(raw, &outer) != nil || json.Unmarshal(outer.Resource, &kind) != nil || kind.ResourceType == "" {
		e.why = flawNoResource
		p.entries = append(p.entries, e)
		return
	}
	e.fullURL = outer.FullURL
	switch kind.ResourceType {
	case "Appointment":
		if outer.Search.Value.Mode == "include" {
			return // told along with another one; not an answer to the question
		}
		e.appointment = &appointment{}
		if json.Unmarshal(outer.Resource, e.appointment) != nil {
			e.appointment, e.why = nil, flawKind
		}
	case "Patient":
		e.person = &person{}
		if json.Unmarshal(outer.Resource, e.person) != nil {
			return // its appointments will say that the record is not available
		}
	case "OperationOutcome":
		p.outcome(outer.Resource)
		return
	default:
		return
	}
	p.entries = append(p.entries, e)
}

// partialCodes are the issue codes by which a server says that it could not look
// everywhere.
var partialCodes = []string{"too-costly", "timeout", "throttled", "transient", "incomplete", "exception", "lock-error", "no-store"}

// issueCodes are the codes that may be repeated to an operator; others might be
// anything.
var issueCodes = append([]string{
	"invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden", "suppressed",
	"processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long", "code-invalid", "extension",
	"business-rule", "conflict", "informational",
}, partialCodes...)

// outcome reads the warnings that came with an answer.
func (p *page) outcome(raw json.RawMessage) {
	var o outcome
	if json.Unmarshal(raw, &o) != nil {
		p.partial = true
		p.note("the clinical system sent a warning that cannot be read; the read counts as incomplete")
		return
	}
	for _, issue := range o.Issue {
		code := issue.Code
		if !slices.Contains(issueCodes, code) {
			code = "unknown"
		}
		switch {
		case issue.Severity == "error" || issue.Severity == "fatal" || slices.Contains(partialCodes, code):
			p.partial = true
			p.note(fmt.Sprintf("the clinical system says that its answer is not whole (%s)", code))
		case issue.Severity == "warning":
			p.note(fmt.Sprintf("the clinical system sent a warning (%s): it may have ignored a search parameter", code))
		}
	}
}

// issueCode gives the first issue's code of an answer that is an
// OperationOutcome, when it is one of FHIR's list.
func issueCode(body []byte) string {
	var o outcome
	if json.Unmarshal(body, &o) != nil {
		return ""
	}
	for _, issue := range o.Issue {
		if slices.Contains(issueCodes, issue.Code) {
			return issue.Code
		}
	}
	return ""
}

func (p *page) note(s string) {
	if !slices.Contains(p.notes, s) {
		p.notes = append(p.notes, s)
	}
}
