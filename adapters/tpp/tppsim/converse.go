package tppsim

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// maxRequest bounds one request.
const maxRequest = 1 << 20

var errNotARequest = errors.New("not a ClientIntegrationRequest")

// request is one call, with the parameters of all functions that are played.
type request struct {
	APIKey          string
	DeviceID        string
	DeviceVersion   string
	RequestUID      string
	Function        string
	FunctionVersion string
	Parameters      parameters `xml:"FunctionParameters"`
}

type parameters struct {
	Identity     *identity
	Filter       *filter
	MinDateTime  string
	MaxDateTime  string
	Appointments *struct{}
	Visits       *struct{}
	Leave        *struct{} `xml:"LeaveRecordOpen"`
	Demographics *struct {
		SMSConsent string
	}
	NonClinical *struct {
		Appointment struct {
			AppointmentUID string
			Status         string
		}
	}
}

// identity takes both of TPP's spellings.
type identity struct {
	Templates string `xml:"NhsNumber"`
	Schemas   string `xml:"NHSNumber"`
	Pseudo    string `xml:"PseudoNumber"`
}

type filter struct {
	Demographics *struct{}
	Appointments *struct{}
	MinEntryDate string
	MaxEntryDate string
}

// readRequest reads one request, of one line or of many.
func readRequest(r *bufio.Reader) (request, error) {
	var q request
	d := xml.NewDecoder(&bounded{r: r, left: maxRequest})
	for {
		token, err := d.Token()
		if err != nil {
			return request{}, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local != "ClientIntegrationRequest" {
				return request{}, errNotARequest
			}
			return q, d.DecodeElement(&q, &t)
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return request{}, errNotARequest
			}
		case xml.Directive, xml.EndElement:
			return request{}, errNotARequest
		}
	}
}

type bounded struct {
	r    *bufio.Reader
	left int
}

func (b *bounded) ReadByte() (byte, error) {
	if b.left--; b.left < 0 {
		return 0, errNotARequest
	}
	return b.r.ReadByte()
}

func (b *bounded) Read([]byte) (int, error) { return 0, io.ErrNoProgress }

// converse answers the requests of one connection in turn.
func (s *Sim) converse(conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		q, err := readRequest(r)
		if err != nil {
			return
		}
		out, ok := s.respond(q)
		if !ok {
			continue // dropped: no answer at all
		}
		f := s.Faults()
		if !s.pause(time.Duration(f.SlowMS) * time.Millisecond) {
			return
		}
		switch {
		case f.Page:
			_, _ = io.WriteString(conn, "<!DOCTYPE html><html><body>Please log on</body></html>\n")
			return
		case f.Truncate:
			_, _ = conn.Write(out[:len(out)*2/3])
			return
		case f.HangUp:
			return
		}
		if _, err := conn.Write(append(out, '\n')); err != nil {
			return
		}
	}
}

// pause lets time pass, and reports false when the simulator is closed meanwhile.
func (s *Sim) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.stop:
		return false
	}
}

// respond carries a request out. It reports false when the request vanishes.
func (s *Sim) respond(q request) ([]byte, bool) {
	if s.vanishes(q) {
		return nil, false
	}
	device, refusal := s.let(q)
	if refusal == gone {
		return nil, false
	}
	s.serving.Lock()
	defer s.serving.Unlock()
	if refusal != "" {
		return s.write(q, device, failure(refusal, true)), true
	}
	s.count(q.Function)
	out := s.write(q, device, s.carryOut(q))
	f := s.Faults()
	lost := q.Function == "UpdatePatientRecord" && (f.LosesAnswer || f.LosesChange)
	return out, !lost
}

// write wraps what a function answers.
func (s *Sim) write(q request, device, body string) []byte {
	s.mu.Lock()
	s.answers++
	n, f := s.answers, s.faults
	s.mu.Unlock()
	uid := q.RequestUID
	if f.WrongUID {
		uid = "another"
	}
	out := fmt.Sprintf("<ClientIntegrationResponse><DeviceID>%s</DeviceID><RequestUID>%s</RequestUID><Function>%s</Function>"+
		"<FunctionVersion>1.0</FunctionVersion><ResponseUID>%08X-0000-0000-0000-000000000000</ResponseUID><Response>%s</Response></ClientIntegrationResponse>",
		text(device), text(uid), text(q.Function), n, body)
	if f.Multiline {
		out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + strings.ReplaceAll(out, "><", ">\n  <")
	}
	return []byte(out)
}

func (s *Sim) count(function string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[function]++
}

// failure is an answer that says what went wrong. The words are ours: TPP publishes
// hardly any.
func failure(words string, permanent bool) string {
	return fmt.Sprintf("<ErrorMessage>%s</ErrorMessage><PermanentError>%t</PermanentError>", text(words), permanent)
}

// text escapes what stands between two tags.
func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
