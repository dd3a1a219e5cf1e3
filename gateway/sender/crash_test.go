package sender_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"bellman/gateway"
	"bellman/gateway/sender"
)

// lease is how long what is written down as leaving belongs to its sender.
const lease = timeout + 30*time.Second

var errCut = errors.New("the process was killed here")

// A sender that is killed between writing Sending and the request: Redis knows,
// the provider does not.
func TestASenderThatDiesBeforeTheRequestLeavesItUnknownAndNobodySendsAgain(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	id := s.id(riverside, person(1), day)
	dying := s.ready()
	dying.memory.moved = func(cs []gateway.Change) error {
		if to(cs, gateway.Sending) {
			dying.cancel()
			return errCut
		}
		return nil
	}
	dying.run()
	<-dying.done
	s.stands(id, gateway.Sending, gateway.None)
	s.texts(phone(1), 0)

	r := s.start()
	s.clock.Advance(lease - time.Second)
	time.Sleep(50 * time.Millisecond) // as long as the lease holds nobody may touch it
	s.stands(id, gateway.Sending, gateway.None)
	s.come(monday.Add(lease + 5*time.Second))
	s.await("it is found", func() bool { return s.count(gateway.Sending) == 0 })
	s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
	for range 5 {
		s.come(s.clock.Now().Add(time.Hour))
		r.quiet()
	}
	s.stands(id, gateway.Unknown, gateway.UnknownOutcome)
	s.texts(phone(1), 0)
}

// The provider's list is searched from the moment in which a text was found to be
// of unknown fate. When nobody looked for hours, that moment is not now.
func TestWhatADeadSenderWasSendingIsUnknownSinceItsLeaseEnded(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	dying := s.ready()
	dying.memory.moved = func(cs []gateway.Change) error {
		if to(cs, gateway.Sending) {
			dying.cancel()
			return errCut
		}
		return nil
	}
	dying.run()
	<-dying.done
	s.come(monday.Add(3 * time.Hour)) // the machine was down
	s.start()
	s.await("it is found", func() bool { return s.count(gateway.Sending) == 0 })
	if got, want := s.standing(s.id(riverside, person(1), day)).At, monday.Add(lease); !got.Equal(want) {
		t.Errorf("unknown since %v, want %v", got, want)
	}
}

func TestASenderThatDiesWithClaimsLosesNothing(t *testing.T) {
	s := newStage(t)
	for n := range 30 {
		s.diaries[riverside].book(person(n))
	}
	s.come(friday)
	s.come(monday)
	claimed, err := s.store.Claim(t.Context(), gateway.Claiming{Now: monday, Limit: 30, Lease: 30 * time.Second, Token: gateway.Token{1}})
	if err != nil || len(claimed.Claims) != 15 && len(claimed.Claims) != 30 {
		t.Fatalf("%d claims, %v", len(claimed.Claims), err)
	}
	s.come(monday.Add(36 * time.Second))
	r := s.start()
	s.await("every text has left", func() bool { return s.count(gateway.Accepted) == 30 })
	r.quiet()
	for n := range 30 {
		s.texts(phone(n), 1)
	}
}

// frozen stops a sender at one place, as when its machine is paused.
type frozen struct{ at, on chan struct{} }

func newFrozen() *frozen { return &frozen{make(chan struct{}), make(chan struct{})} }

func (f *frozen) stop() {
	close(f.at)
	select {
	case <-f.on:
	case <-time.After(40 * time.Second): // the test failed before it could go on
	}
}

func TestASenderThatIsPausedBeforeTheRequestSendsNothingWhenItWakes(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	id := s.id(riverside, person(1), day)
	ice := newFrozen()
	paused := s.ready()
	freeze := once(ice.stop)
	paused.memory.moved = func(cs []gateway.Change) error {
		if to(cs, gateway.Sending) {
			freeze()
		}
		return nil
	}
	paused.run()
	<-ice.at
	s.come(monday.Add(lease + 5*time.Second))
	r := s.start()
	s.await("the other sender finds it", func() bool { return s.count(gateway.Unknown) == 1 })
	// The provider's list proved that it never arrived there.
	s.move(gateway.Change{ID: id, Only: "k", To: gateway.Queued, At: s.clock.Now()})
	r.quiet()
	s.stands(id, gateway.Accepted, gateway.None)
	was := s.standing(id)
	close(ice.on)
	paused.stop()
	r.quiet()
	s.texts(phone(1), 1)
	if is := s.standing(id); is != was {
		t.Error("the one that woke changed something")
	}
}

// A sender that is paused after the provider took the text, and wakes.
type pausing struct {
	gateway.Provider
	ice *frozen
}

func (p pausing) Send(ctx context.Context, m gateway.Outgoing) (gateway.Handover, error) {
	h, err := p.Provider.Send(ctx, m)
	p.ice.stop()
	return h, err
}

func TestASenderThatWakesWithTheProvidersAnswerSettlesWhatIsStillUnknown(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	id := s.id(riverside, person(1), day)
	ice := newFrozen()
	paused := s.start(func(o *sender.Options) { o.Provider = pausing{s.provider, ice} })
	<-ice.at
	s.come(monday.Add(lease + 5*time.Second))
	s.start()
	s.await("the other sender finds it", func() bool { return s.count(gateway.Unknown) == 1 })
	close(ice.on)
	paused.stop()
	s.stands(id, gateway.Accepted, gateway.None)
	s.texts(phone(1), 1)
	if n := paused.metric("bellman_reminders_sent_total"); n != 1 {
		t.Errorf("counted %v times", n)
	}
}

func TestASenderThatWakesChangesNothingThatAnotherTookUp(t *testing.T) {
	for _, last := range []gateway.State{gateway.Delivered, gateway.Failed, gateway.Refused} {
		t.Run(last.String(), func(t *testing.T) {
			s := newStage(t)
			s.booked(riverside, person(1))
			s.come(monday)
			id := s.id(riverside, person(1), day)
			ice := newFrozen()
			paused := s.start(func(o *sender.Options) { o.Provider = pausing{s.provider, ice} })
			<-ice.at
			s.come(monday.Add(lease + 5*time.Second))
			s.start()
			s.await("the other sender finds it", func() bool { return s.count(gateway.Unknown) == 1 })
			s.move(gateway.Change{ID: id, To: last, Reason: gateway.UnknownOutcome})
			was := s.standing(id)
			close(ice.on)
			paused.stop()
			if is := s.standing(id); is != was {
				t.Errorf("it was %s and is %s", was.State, is.State)
			}
		})
	}
}

func (s *stage) move(c gateway.Change) {
	s.t.Helper()
	got := must(s.store.Move(s.t.Context(), s.clock.Now(), []gateway.Change{c}))
	if got[0].Verdict != gateway.Done {
		s.t.Fatalf("it cannot be moved to %s from %s", c.To, got[0].From)
	}
}

// breaking is a provider that breaks down after the text has left.
type breaking struct{ gateway.Provider }

func (b breaking) Send(ctx context.Context, m gateway.Outgoing) (gateway.Handover, error) {
	_, _ = b.Provider.Send(ctx, m)
	panic("in the middle of it")
}

func TestAHandOverThatBreaksDownIsOfUnknownFateAndStopsNoOther(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1), person(2))
	s.come(monday)
	s.start(func(o *sender.Options) { o.Provider = breaking{s.provider} }).quiet()
	for n := 1; n <= 2; n++ {
		s.stands(s.id(riverside, person(n), day), gateway.Unknown, gateway.UnknownOutcome)
		s.texts(phone(n), 1)
	}
}

func TestWhatTheProviderSaidIsWrittenDownOnceRedisIsBack(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.come(monday)
	r := s.ready()
	down := 3
	r.memory.moving = func(cs []gateway.Change) error {
		if to(cs, gateway.Accepted) && down > 0 {
			down--
			return errCut
		}
		return nil
	}
	r.run()
	r.quiet()
	s.stands(s.id(riverside, person(1), day), gateway.Accepted, gateway.None)
	if n := r.metric("bellman_reminders_sent_total"); n != 1 {
		t.Errorf("counted %v times", n)
	}
}

func TestTwoSendersAndThreeThousandRemindersReachEachPhoneOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const patients, visits = 1000, 3 // Ofcom keeps a thousand numbers for drama
	s := newStage(t)
	for n := range patients {
		for v := range visits {
			a := person(n)
			a.ID, a.Start = gateway.AppointmentID(fmt.Sprintf("88%03d-%03d", n, v)), tuesday.Add(time.Duration(v)*90*time.Minute)
			s.diaries[riverside].book(a)
		}
	}
	s.come(friday)
	s.come(monday.Add(90 * time.Minute * (visits - 1)))
	senders := []*running{s.start(), s.start()}
	var wg sync.WaitGroup
	for _, r := range senders {
		wg.Go(r.quiet)
	}
	wg.Wait()
	if n := s.count(gateway.Accepted); n != patients*visits {
		t.Errorf("%d are accepted", n)
	}
	for n := range patients {
		words := map[string]int{}
		for _, text := range s.texts(phone(n), visits) {
			words[text.Body]++
		}
		if len(words) != visits {
			t.Fatalf("a phone got %d different texts", len(words))
		}
	}
	a, b := senders[0].metric("bellman_reminders_sent_total"), senders[1].metric("bellman_reminders_sent_total")
	if a+b != patients*visits || a == 0 || b == 0 {
		t.Errorf("counted as sent: %v and %v", a, b)
	}
	s.explained()
}

func TestTheRateOfASenderIsSharedByAllReplicas(t *testing.T) {
	s := newStage(t)
	s.perSec = 10
	for n := range 60 {
		s.diaries[riverside].book(person(n))
	}
	s.booked(hillside, person(500))
	s.come(friday)
	s.come(monday)
	a, b := s.start(), s.start()
	for second := 1; second <= 4; second++ {
		for range 10 {
			s.clock.Advance(100 * time.Millisecond)
			a.quiet()
			b.quiet()
		}
		if n, most := len(s.wire.all()), 10*second+3; n > most {
			t.Fatalf("%d texts left in %d seconds", n, second)
		}
	}
	if n := len(s.wire.all()); n < 30 {
		t.Errorf("%d texts left in four seconds", n)
	}
	s.texts(phone(500), 1)
}
