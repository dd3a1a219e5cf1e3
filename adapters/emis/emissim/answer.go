package emissim

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"path"
	"strings"

	"bellman/adapters/surgery"
)

// outcomes of the old interface, still sent beside the status.
const (
	outcomeError   = -1
	outcomeDenied  = 2
	outcomeNothing = 3
)

// call is one request that was let in: what it asks of which picture of the
// diary, with which faults.
type call struct {
	r      *http.Request
	see    view
	faults Faults
}

// operation answers a call with something to write down in the asked-for format;
// nil is an empty 204.
type operation func(call) (any, *refusal)

// refusal is an answer that is an error.
type refusal struct {
	status, outcome int
	text            string
}

func badRequest(text string) *refusal {
	return &refusal{http.StatusBadRequest, outcomeError, text}
}

// guarded puts what every operation has in common around it: counting, token,
// applicationId, format, and the faults that hit all alike.
func (s *Sim) guarded(do operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := s.count(path.Base(r.URL.Path))
		if !surgery.Pause(r.Context(), f.SlowMS) {
			return
		}
		asJSON, ok := format(r.Header.Get("Accept"))
		answer, no := s.answer(do, call{r: r, faults: f}, ok)
		if f.Page {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprint(w, "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>")
			return
		}
		status := http.StatusOK
		switch {
		case no != nil:
			status, answer = no.status, s.errorResponse(*no)
		case answer == nil:
			w.WriteHeader(http.StatusNoContent)
			return
		}
		s.write(w, status, answer, asJSON, f)
	})
}

func (s *Sim) count(operation string) Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[operation]++
	return s.faults
}

func (s *Sim) answer(do operation, c call, formatKnown bool) (any, *refusal) {
	switch {
	case !s.admits(c.r):
		return nil, &refusal{http.StatusUnauthorized, outcomeDenied, "Authentication token not valid"}
	case c.r.Header.Get("applicationId") != s.options.ApplicationID:
		return nil, badRequest("applicationId is missing or unknown")
	case !formatKnown:
		return nil, &refusal{http.StatusUnsupportedMediaType, outcomeError, "Media type not valid for URL"}
	case c.faults.Status != 0:
		return nil, &refusal{c.faults.Status, outcomeError, "Simulated fault"}
	}
	c.see = s.look()
	return do(c)
}

// format says whether JSON is wanted; XML is what EMIS lists first.
func format(accept string) (asJSON, ok bool) {
	switch {
	case strings.Contains(accept, "json"):
		return true, true
	case accept == "", strings.Contains(accept, "xml"), strings.Contains(accept, "*/*"):
		return false, true
	}
	return false, false
}

func (s *Sim) write(w http.ResponseWriter, status int, answer any, asJSON bool, f Faults) {
	body, kind, err := render(answer, asJSON)
	if err != nil {
		http.Error(w, "the simulator cannot write this answer", http.StatusInternalServerError)
		return
	}
	if f.Truncate {
		body = body[:len(body)/2]
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func render(answer any, asJSON bool) (body []byte, kind string, err error) {
	if asJSON {
		body, err = json.Marshal(answer)
		return body, "application/json; charset=utf-8", err
	}
	body, err = xml.Marshal(answer)
	return append([]byte(xml.Header), body...), "application/xml; charset=utf-8", err
}

// errorResponse is the body of every error.
type errorResponse struct {
	XMLName   xml.Name `json:"-" xml:"ErrorResponse"`
	MessageID string   `json:"messageId" xml:"MessageId"`
	Text      struct {
		Status string `json:"status" xml:"Status"`
		Div    string `json:"div" xml:"Div"`
	} `json:"text" xml:"Text"`
	Issue struct {
		Severity int    `json:"severity" xml:"Severity"`
		Code     string `json:"code" xml:"Code"`
	} `json:"issue" xml:"Issue"`
	LegacyOutcome int `json:"legacyOutcome" xml:"LegacyOutcome"`
}

func (s *Sim) errorResponse(no refusal) errorResponse {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages++
	e := errorResponse{MessageID: fmt.Sprintf("00000000-0000-4000-8000-%012d", s.messages), LegacyOutcome: no.outcome}
	e.Text.Status, e.Text.Div = "generated", no.text
	e.Issue.Severity, e.Issue.Code = 1, "processing"
	return e
}
