package inbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
)

// counting counts what the provider is asked.
type counting struct {
	inbox.Lister
	lists, messages int
	fails           error // what it answers instead
}

func (c *counting) Outbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, error) {
	c.lists++
	if c.fails != nil {
		return nil, c.fails
	}
	return c.Lister.Outbound(ctx, since, sender)
}

func (c *counting) Message(ctx context.Context, id string) (gateway.Listed, bool, error) {
	c.messages++
	if c.fails != nil {
		return gateway.Listed{}, false, c.fails
	}
	return c.Lister.Message(ctx, id)
}

// unheard is a stage on which so many texts are accepted on Monday and none of
// their receipts comes.
func unheard(t *testing.T, texts int) (*stage, *counting) {
	t.Helper()
	c := &counting{}
	s := newStage(t, func(o *inbox.Options) {
		c.Lister = o.Lister
		o.Lister = c
	})
	s.sim.SetMischief(twiliosim.Mischief{Lost: 1})
	for n := range texts {
		s.booked(riverside, person(n))
	}
	s.come(monday)
	s.sendAll()
	for n := range texts {
		s.stands(s.id(riverside, person(n)), gateway.Accepted, gateway.None)
	}
	return s, c
}

func (s *stage) enquire() {
	s.t.Helper()
	if err := s.in.Enquire(s.t.Context(), s.practice(riverside)); err != nil {
		s.t.Error("enquire:", err)
	}
}

// enquireUntil lets the service live until a time, with a turn every quarter of an
// hour, and gives the ages at which the provider was asked anything.
func (s *stage) enquireUntil(until time.Time, c *counting) []time.Duration {
	s.t.Helper()
	var ages []time.Duration
	for s.clock.Now().Before(until) {
		was := c.lists + c.messages
		s.clock.Advance(15 * time.Minute)
		s.enquire()
		if c.lists+c.messages > was {
			ages = append(ages, s.clock.Now().Sub(monday).Round(15*time.Minute))
		}
	}
	return ages
}

func TestAReceiptThatDidNotComeIsAskedForAfterTwoHours(t *testing.T) {
	for name, row := range map[string]struct {
		fate  twiliosim.Fate
		state gateway.State
		why   gateway.Reason
	}{
		"delivered":                   {twiliosim.Fate{}, gateway.Delivered, gateway.None},
		"the phone was off":           {twiliosim.Fate{Code: 30003}, gateway.Undelivered, gateway.NotDelivered},
		"the account was suspended":   {twiliosim.Fate{Code: 30002}, gateway.Undelivered, gateway.ProviderAccount},
		"the network did not answer":  {twiliosim.Fate{Code: noAnswer, Arrives: true}, gateway.Unknown, gateway.NotAnswered},
		"the network gives no reason": {twiliosim.Fate{Code: 30008}, gateway.Undelivered, gateway.NotDelivered},
	} {
		t.Run(name, func(t *testing.T) {
			c := &counting{}
			broken := 0
			s := newStage(t, func(o *inbox.Options) {
				c.Lister = o.Lister
				o.Lister, o.Trouble = c, func(gateway.ODS, bool) { broken++ }
			})
			s.sim.SetMischief(twiliosim.Mischief{Lost: 1})
			s.sim.SetFate(phone(1), row.fate)
			s.booked(riverside, person(1))
			s.come(monday)
			s.sendAll()
			id := s.id(riverside, person(1))
			s.clock.Advance(inbox.AskFirst - time.Minute)
			s.enquire()
			s.stands(id, gateway.Accepted, gateway.None)
			if c.lists+c.messages != 0 {
				t.Error("asked for too early")
			}
			s.clock.Advance(16 * time.Minute)
			s.enquire()
			s.stands(id, row.state, row.why)
			if st := s.standing(id); st.Code != row.fate.Code || st.MessageID != s.sim.Taken()[0].MessageID {
				t.Errorf("kept: code %d, message %q", st.Code, st.MessageID)
			}
			if n := s.metric("bellman_receipts_asked_total", row.state.String()); n != 1 || c.messages != 1 || c.lists != 0 {
				t.Errorf("counted %v, asked for %d messages and %d lists", n, c.messages, c.lists)
			}
			if s.settled.Load() != 0 {
				t.Error("counted as sent a second time")
			}
			if (broken == 1) != (row.why == gateway.ProviderAccount) {
				t.Errorf("the breaker is told %d times", broken)
			}
		})
	}
}

func TestWhatIsNotLearntIsAskedForAtGrowingAgesAndThenNoMore(t *testing.T) {
	s, c := unheard(t, 1)
	s.sim.SetFate(phone(1), twiliosim.Fate{})
	id := s.id(riverside, person(0))
	hide := func(l gateway.Listed, ok bool, err error) (gateway.Listed, bool, error) {
		l.State = gateway.Accepted // the provider has heard nothing either
		return l, ok, err
	}
	c.Lister = hiding{c.Lister, hide}
	ages := s.enquireUntil(monday.Add(60*time.Hour), c)
	if len(ages) != 5 || ages[0] != inbox.AskFirst || ages[4] != inbox.AskLast || c.messages != 5 {
		t.Errorf("asked at %v, %d times", ages, c.messages)
	}
	for i := 2; i < len(ages); i++ {
		if ages[i]-ages[i-1] < ages[i-1]-ages[i-2] {
			t.Errorf("asked at %v, which does not slow down", ages)
		}
	}
	s.stands(id, gateway.Accepted, gateway.None)
}

// hiding changes what the provider says of single messages.
type hiding struct {
	inbox.Lister
	hide func(gateway.Listed, bool, error) (gateway.Listed, bool, error)
}

func (h hiding) Message(ctx context.Context, id string) (gateway.Listed, bool, error) {
	return h.hide(h.Lister.Message(ctx, id))
}

func TestManyReceiptsThatDidNotComeAreReadInOneList(t *testing.T) {
	const texts = 30
	s, c := unheard(t, texts)
	s.clock.Advance(inbox.AskFirst + time.Minute)
	s.enquire()
	if c.lists != 1 || c.messages != 0 {
		t.Errorf("asked for %d lists and %d messages", c.lists, c.messages)
	}
	for n := range texts {
		s.stands(s.id(riverside, person(n)), gateway.Delivered, gateway.None)
	}
	if n := s.metric("bellman_deliveries_total", "delivered"); n != texts {
		t.Errorf("%v are counted as delivered", n)
	}
}

func TestOneReplicaAsksForReceiptsAndTheOthersDoNot(t *testing.T) {
	s, c := unheard(t, 1)
	other := &counting{Lister: s.provider}
	theirs := s.newInbox(func(o *inbox.Options) { o.Lister = other })
	s.clock.Advance(inbox.AskFirst + time.Minute)
	for range 3 {
		s.enquire()
		if err := theirs.Enquire(t.Context(), s.practice(riverside)); err != nil {
			t.Error(err)
		}
	}
	if c.messages != 1 || other.messages != 0 {
		t.Errorf("asked %d and %d times", c.messages, other.messages)
	}
}

func TestATurnThatFailedIsMadeUpForByTheNext(t *testing.T) {
	for name, texts := range map[string]int{"few texts": 1, "many texts": 12} {
		t.Run(name, func(t *testing.T) {
			s, c := unheard(t, texts)
			s.clock.Advance(inbox.AskFirst + time.Minute)
			c.fails = errors.New("the provider does not answer")
			if err := s.in.Enquire(t.Context(), s.practice(riverside)); err == nil {
				t.Error("nobody is told that the provider does not answer")
			}
			s.stands(s.id(riverside, person(0)), gateway.Accepted, gateway.None)
			c.fails = nil
			s.clock.Advance(15 * time.Minute)
			s.enquire()
			s.stands(s.id(riverside, person(0)), gateway.Delivered, gateway.None)
		})
	}
}

// The provider has forgotten the text, or it was deleted there.
func TestATextThatTheProviderDoesNotHaveAnyMoreStaysAccepted(t *testing.T) {
	s, c := unheard(t, 1)
	c.Lister = hiding{c.Lister, func(gateway.Listed, bool, error) (gateway.Listed, bool, error) { return gateway.Listed{}, false, nil }}
	s.clock.Advance(inbox.AskFirst + time.Minute)
	s.enquire()
	s.stands(s.id(riverside, person(0)), gateway.Accepted, gateway.None)
	if n := s.metric("bellman_receipts_asked_total", "missing"); n != 1 {
		t.Errorf("%v are counted", n)
	}
}

func TestWhatTheNetworkDidNotAnswerForIsAskedForAsWell(t *testing.T) {
	s := newStage(t)
	id, _ := s.silently(true)
	s.sim.SetFate(phone(1), twiliosim.Fate{})
	s.in = s.newInbox(func(o *inbox.Options) {
		o.Lister = hiding{o.Lister, func(l gateway.Listed, ok bool, err error) (gateway.Listed, bool, error) {
			l.State, l.Code = gateway.Delivered, 0 // the phone's own receipt came after all
			return l, ok, err
		}}
	})
	s.clock.Advance(inbox.AskFirst + time.Minute)
	s.enquire()
	s.stands(id, gateway.Delivered, gateway.None)
}

func TestByAWrongClockNobodyIsAsked(t *testing.T) {
	s, _ := unheard(t, 1)
	c := &counting{Lister: s.provider}
	s.in = s.newInbox(func(o *inbox.Options) { o.Lister, o.Keeper = c, wrongClock{} })
	s.clock.Advance(inbox.AskFirst + time.Minute)
	s.enquire()
	if c.messages != 0 {
		t.Error("asked by a clock that is wrong")
	}
}

// wrongClock is a timekeeper whose clock is never right.
type wrongClock struct{}

func (wrongClock) Right() bool                    { return false }
func (wrongClock) WhenRight(context.Context) bool { return false }
func (wrongClock) Elapsed() time.Duration         { return 0 }
