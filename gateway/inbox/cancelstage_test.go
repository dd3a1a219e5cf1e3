package inbox_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
	"bellman/gateway/store"
)

// slots is a clinical system in which visits can be cancelled.
type slots struct {
	mu     sync.Mutex
	is     map[gateway.AppointmentID]gateway.Appointment
	looked func() error // before a look
	asked  []gateway.AppointmentID
	fail   error         // what an attempt ends with; nil: it is cancelled
	slow   chan struct{} // it answers when this is closed; nil: at once
}

func (c *slots) Reread(_ context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.looked != nil {
		if err := c.looked(); err != nil {
			return gateway.Appointment{}, err
		}
	}
	return c.is[a.ID], nil
}

func (c *slots) CancelAppointment(ctx context.Context, a gateway.Appointment) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, a.ID)
	if c.slow != nil {
		select {
		case <-c.slow:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if c.fail == nil {
		a.Status = gateway.StatusCancelled
		c.is[a.ID] = a
	}
	return c.fail
}

func (c *slots) change(a gateway.Appointment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.is[a.ID] = a
}

func (c *slots) times() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.asked)
}

// meddledCancels is the store, with a fault at one place.
type meddledCancels struct {
	*store.Store
	begun func() error // after an attempt was written down
}

func (m meddledCancels) BeginCancel(ctx context.Context, p gateway.ODS, v gateway.Visit, at time.Time) (bool, error) {
	ok, err := m.Store.BeginCancel(ctx, p, v, at)
	if err == nil && m.begun != nil {
		err = m.begun()
	}
	return ok, err
}

// cancelStage is a stage on which riverside lets visits be cancelled by text.
type cancelStage struct {
	*stage
	slots   *slots
	begun   func() error
	audited []string
	fails   error // what the audit trail says
	options inbox.Options
}

const enough = 24 * time.Hour

func newCancelStage(t *testing.T, meddle ...func(*inbox.Options)) *cancelStage {
	t.Helper()
	s := &cancelStage{slots: &slots{is: map[gateway.AppointmentID]gateway.Appointment{}}}
	s.stage = newStage(t, func(o *inbox.Options) {
		for i := range o.Practices {
			o.Practices[i].Policy.AutoCancel = gateway.AutoCancel{On: true, AtLeast: enough}
		}
		o.Cancels = inbox.Cancels{
			Memory:  meddledCancels{o.Memory.(*meddled).Store, func() error { return s.cut() }},
			Systems: map[gateway.ODS]inbox.CancelSystem{riverside: s.slots},
			Audit: func(_ gateway.ODS, ref gateway.Ref) error {
				s.audited = append(s.audited, ref.String())
				return s.fails
			},
			Refresh: func(ctx context.Context, p gateway.ODS, a gateway.Appointment) error {
				return s.sched.Confirmed(ctx, s.practice(p), a)
			},
			Words: message.Cancelled, Unclear: message.Unclear,
		}
		for _, m := range meddle {
			m(o)
		}
		s.options = *o
	})
	return s
}

func (s *cancelStage) cut() error {
	if s.begun == nil {
		return nil
	}
	return s.begun()
}

// shows puts visits into the practice's diary and its clinical system.
func (s *cancelStage) shows(as ...gateway.Appointment) {
	s.t.Helper()
	for _, a := range as {
		s.slots.change(a)
	}
	s.booked(riverside, as...)
}

func codeOf(a gateway.Appointment) string { return gateway.VisitCode(riverside, a) }

func (s *cancelStage) asks(n int, words string) twiliosim.Answer {
	s.t.Helper()
	got := s.sim.Reply(s.t.Context(), phone(n), fromRiverside, words)
	if got.Status != http.StatusOK {
		s.t.Fatalf("answered %d", got.Status)
	}
	return got
}

// left checks that nothing was asked of the clinical system, that nobody was told
// of a cancellation, and that the last reply waits for a person.
func (s *cancelStage) left(got twiliosim.Answer, asks int) {
	s.t.Helper()
	if n := s.slots.times(); n != asks {
		s.t.Errorf("the clinical system was asked %d times, want %d", n, asks)
	}
	for _, text := range got.Texts {
		if strings.Contains(strings.ToLower(text), "cancel") {
			s.t.Error("the answer speaks of cancelling")
		}
	}
	if !s.waits(got.MessageID) {
		s.t.Error("the reply waits for nobody")
	}
}

// unsure is what a patient is told whose visit may or may not be cancelled.
const unsure = "on Tuesday 24 November at 10am may or may not be cancelled: we could not find out. Please call 01632 960001 to make sure."

// unsure checks the same as left does, of whom nobody can tell whether the visit is
// cancelled: the answer is the truth.
func (s *cancelStage) unsure(got twiliosim.Answer, asks int) {
	s.t.Helper()
	if len(got.Texts) != 1 || !strings.HasSuffix(got.Texts[0], unsure) {
		s.t.Errorf("answered with %q", got.Texts)
	}
	got.Texts = nil
	s.left(got, asks)
}

// waits reports whether a reply waits for a person.
func (s *cancelStage) waits(messageID string) bool {
	s.t.Helper()
	all := s.replies(riverside)
	i := slices.IndexFunc(all, func(r gateway.Reply) bool { return r.MessageID == messageID })
	if i < 0 {
		s.t.Fatal("the reply is not kept")
	}
	return all[i].Open()
}

func (s *cancelStage) outcomes(want map[gateway.CancelEnd]int) {
	s.t.Helper()
	for _, e := range gateway.CancelEnds() {
		if got := s.metric("bellman_cancellations_total", string(riverside), e.String()); got != float64(want[e]) {
			s.t.Errorf("%v ended as %s, want %d", got, e, want[e])
		}
	}
}

// ends gives the steps that the story of a visit tells of its cancellation.
func (s *cancelStage) ends(a gateway.Appointment) string {
	s.t.Helper()
	var out []string
	for _, e := range must(s.memory.Story(s.t.Context(), riverside, s.id(riverside, a).Ref)) {
		if e.What == store.EventCancel {
			out = append(out, e.Cancel.String())
		}
	}
	return strings.Join(out, " ")
}
