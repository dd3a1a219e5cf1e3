package hl7_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"bellman/adapters/hl7"
	"bellman/adapters/hl7/message"
	"bellman/adapters/hl7/mllp"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

var ten = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

// story is an adapter to which a test says messages one by one.
type story struct {
	*joined
	t     *testing.T
	clock *gatewaytest.Clock
	line  net.Conn
	back  *mllp.Reader
}

func tell(t *testing.T) *story { return tellWith(t, simConfig()) }

func tellWith(t *testing.T, c hl7.Config) *story {
	t.Helper()
	clock := gatewaytest.NewClock(ten)
	return &story{joined: join(t, surgery.New(clock), clock, c), t: t, clock: clock}
}

// say sends a message that its sender says it said so many minutes after ten, and
// gives the code of the answer. The clock goes to at least that time.
func (s *story) say(minute int, event string, segments ...string) string {
	s.t.Helper()
	at := ten.Add(time.Duration(minute) * time.Minute)
	if at.After(s.clock.Now()) {
		s.clock.Set(at)
	}
	return s.raw(handAt(at, event, strings.Join(segments, "")))
}

// raw sends a message as it stands and gives the code of the answer.
func (s *story) raw(body string) string {
	s.t.Helper()
	_, m := s.exchange(body)
	msa, _ := m.Segment("MSA")
	return msa.Field(1).Part().Text()
}

func (s *story) exchange(body string) (string, *message.Message) {
	s.t.Helper()
	if s.line == nil {
		s.line = s.dial()
		s.back = mllp.NewReader(s.line, 1<<20)
	}
	if err := mllp.Write(s.line, []byte(body)); err != nil {
		s.t.Fatal(err)
	}
	f, err := s.back.Next()
	if err != nil {
		s.t.Fatalf("wait for the answer: %v", err)
	}
	answer := string(f.Body)
	m, err := message.Parse([]byte(answer))
	if err != nil {
		s.t.Fatalf("the answer is no message: %v", err)
	}
	return answer, m
}

func (s *story) dial() net.Conn {
	s.t.Helper()
	line, err := net.Dial("tcp", s.at)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = line.Close() })
	_ = line.SetDeadline(time.Now().Add(30 * time.Second))
	return line
}

func (s *story) feed() gateway.Feed {
	s.t.Helper()
	f, err := s.Adapter.Read(s.t.Context(), gateway.Span{From: ten, To: ten.AddDate(0, 2, 0)})
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

// only gives the single appointment there is.
func (s *story) only() gateway.Appointment {
	s.t.Helper()
	f := s.feed()
	if len(f.Appointments) != 1 {
		s.t.Fatalf("%d appointments and %v unreadable, want one appointment", len(f.Appointments), f.Unreadable)
	}
	return f.Appointments[0]
}

// is checks the single appointment's status and wall time.
func (s *story) is(status gateway.Status, start string) {
	s.t.Helper()
	a := s.only()
	if got := a.Start.In(gateway.London()).Format("2 Jan 15:04"); a.Status != status || got != start {
		s.t.Errorf("status %d at %s, want %d at %s", a.Status, got, status, start)
	}
}

// took checks the answers to messages.
func (s *story) took(want string, codes ...string) {
	s.t.Helper()
	if got := strings.Join(codes, " "); got != want {
		s.t.Errorf("the answers are %s, want %s", got, want)
	}
}

// The segments of a usual message. An empty start or number is not sent.
func sch(id, start string) string { return "SCH||" + id + "^PAS|||||||||^^^" + start + "\r" }

func pid(id, mobile string) string {
	phones := ""
	if mobile != "" {
		phones = mobile + "^PRN^CP"
	}
	return pidWith(id, phones, "")
}

// pidWith writes PID-13 as given, and whatever follows it.
func pidWith(id, phones, rest string) string {
	return fmt.Sprintf("PID|1||%s^^^RSIM1^PI||Kerr^Efua||19600504|F|||||%s%s\r", id, phones, rest)
}

func mrg(id string) string { return "MRG|" + id + "^^^RSIM1^PI\r" }

const (
	monday10  = "202611231000"
	tuesday11 = "202611241100"
	first     = "07700 900101"
	second    = "07700 900102"
)
