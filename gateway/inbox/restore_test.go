package inbox_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/store"
	"bellman/gateway/store/storetest"
)

var hours = must(gateway.ParseRule("2h"))

// visit gives the appointment of the n-th patient at another time.
func visit(n int, start time.Time) gateway.Appointment {
	a := person(n)
	a.Start = start
	return a
}

// policy changes the policy of every practice of the stage.
func (s *stage) policy(change func(*gateway.Policy), meddle ...func(*inbox.Options)) {
	for i := range s.surgs {
		change(&s.surgs[i].Policy)
	}
	s.in = s.newInbox(meddle...)
}

// got gives how many reminders arrived at the n-th patient's phone.
func (s *stage) got(n int) int {
	out := 0
	for _, x := range s.sim.Phone(phone(n)) {
		if !x.Automatic && !x.Answer {
			out++
		}
	}
	return out
}

// save backs Redis up.
func (s *stage) save() (redis.UniversalClient, storetest.Backup) {
	s.t.Helper()
	raw := storetest.Client(s.t, s.address)
	return raw, storetest.Save(s.t, raw)
}

// notice does what the service does every two seconds, and checks that the loss is
// noticed and the store in hold.
func (s *stage) notice() {
	s.t.Helper()
	if _, err := s.memory.RefreshHold(s.t.Context()); !errors.Is(err, store.ErrEmptied) {
		s.t.Fatalf("the loss is not noticed: %v", err)
	}
	if err := s.memory.Rejoin(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.hold(true)
}

func (s *stage) hold(want bool) {
	s.t.Helper()
	if got := must(s.memory.RefreshHold(s.t.Context())); got != want {
		s.t.Fatalf("in hold: %v, want %v; %+v", got, want, s.progress())
	}
}

func (s *stage) progress() gateway.Restoration {
	return must(s.memory.Restoration(s.t.Context()))
}

// steps lets the restorer work, and the diaries be read, for a time.
func (s *stage) steps(long time.Duration, diaries ...gateway.ODS) {
	s.t.Helper()
	for end := s.clock.Now().Add(long); s.clock.Now().Before(end); s.clock.Advance(10 * time.Second) {
		if err := s.in.Restore(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
		for _, p := range diaries {
			s.booked(p)
		}
		for _, p := range s.practices() {
			_ = s.in.Reconcile(s.t.Context(), p)
		}
	}
}

// The ways to lose what Redis held.
var losses = map[string]func(testing.TB, redis.UniversalClient, storetest.Backup){
	"an old backup": func(t testing.TB, c redis.UniversalClient, b storetest.Backup) { b.PutBack(t, c) },
	"a flush": func(t testing.TB, c redis.UniversalClient, _ storetest.Backup) {
		if err := c.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	},
}

// HAZ-30, T30: back up, five say STOP, twenty texts go, the old backup is put back.
func TestWhateverIsLostNobodyIsTextedTwiceAndNobodyWhoSaidSTOP(t *testing.T) {
	for loss, lose := range losses {
		for _, late := range []bool{false, true} {
			t.Run(loss+map[bool]string{false: ", booked_late: withhold", true: ", booked_late: send"}[late], func(t *testing.T) {
				s := newStage(t)
				s.policy(func(p *gateway.Policy) { p.SendBookedLate = late })
				var visits []gateway.Appointment
				for n := range 25 { // 0 to 19 are texted, 20 to 24 say STOP
					visits = append(visits, person(n))
				}
				for n := 30; n < 35; n++ { // a day later: due after the loss
					visits = append(visits, visit(n, tuesday.AddDate(0, 0, 1)))
				}
				for n := 40; n < 45; n++ { // due before the loss, and not sent yet
					visits = append(visits, visit(n, tuesday.Add(5*time.Minute)))
				}
				s.booked(riverside, visits...)
				raw, old := s.save()
				s.come(monday)
				for n := 20; n < 23; n++ {
					s.sim.Reply(t.Context(), phone(n), fromRiverside, "STOP")
				}
				s.sendAll()
				s.closeDoor() // two more say it where nobody hears them, and are gone before they are texted
				for n := 23; n < 25; n++ {
					if s.got(n) != 1 {
						t.Fatal("the scene is not as described")
					}
					s.sim.Reply(t.Context(), phone(n), fromRiverside, "stop")
				}
				s.clock.Set(monday.Add(6 * time.Minute))

				s.hold(false)
				lose(t, raw, old)
				s.notice()
				s.steps(30*time.Second, riverside, hillside)
				s.hold(false)
				s.steps(3 * time.Minute)
				s.come(s.clock.Now())
				s.sendAll()
				if r := s.progress(); r.Ended.IsZero() || r.Left != 0 || r.Waits != "" {
					t.Errorf("it has not ended: %+v", r)
				}
				s.come(tuesday.Add(time.Minute))
				s.sendAll()
				for n := range 20 {
					if s.got(n) != 1 {
						t.Errorf("patient %d got %d texts", n, s.got(n))
					}
				}
				for n := 20; n < 25; n++ {
					if got, said := s.got(n), s.optedOut(riverside, n); said == "" || (n < 23 && got > 0) || got > 1 {
						t.Errorf("patient %d said STOP (%q) and got %d texts", n, said, got)
					}
				}
				for n := 30; n < 35; n++ {
					if s.got(n) != 1 {
						t.Errorf("patient %d, due later, got %d texts", n, s.got(n))
					}
				}
				for n := 40; n < 45; n++ {
					if s.got(n) != 1 {
						t.Errorf("patient %d, due and not sent before the loss, got %d texts", n, s.got(n))
					}
				}
			})
		}
	}
}

func TestTheHoldStaysWhileTheProvidersListCannotBeReadAndSaysWhy(t *testing.T) {
	not := fromHillside
	s := newStage(t)
	s.policy(func(*gateway.Policy) {}, func(o *inbox.Options) { o.Lister = deaf{o.Lister, &not} })
	s.come(monday)
	s.emptied()
	s.steps(40*time.Minute, riverside, hillside)
	s.hold(true)
	if r := s.progress(); !strings.Contains(r.Waits, string(hillside)) || !strings.Contains(r.Waits, "no whole answer") || r.Heard != 1 || r.Practices != 2 {
		t.Errorf("it says %+v", r)
	}
	not = ""
	s.steps(20 * time.Second)
	s.hold(false)
}

func TestAPracticeWhoseDiaryCannotBeReadStaysClosedAndStopsNoOther(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	s.booked(hillside, person(2), person(3))
	s.come(monday.Add(-time.Minute))
	raw, old := s.save()
	s.come(monday)
	s.sendAll()
	s.hold(false)
	old.PutBack(t, raw)
	s.notice()
	s.steps(10*time.Minute, riverside)
	s.hold(true)
	s.steps(11*time.Minute, riverside)
	s.hold(false)
	s.booked(riverside)
	s.sendAll()
	s.stands(s.id(hillside, person(2)), gateway.Held, gateway.FeedStale)
	s.steps(3*time.Minute, hillside)
	s.come(s.clock.Now().Add(2 * time.Minute))
	s.sendAll()
	for n := 1; n <= 3; n++ {
		if s.got(n) != 1 {
			t.Errorf("patient %d got %d texts", n, s.got(n))
		}
	}
	if s.progress().Ended.IsZero() {
		t.Errorf("it has not ended: %+v", s.progress())
	}
}

// The reminder of a day before and that of two hours before are the same words.
func TestTheSameWordsForTwoRemindersOfOneVisitAreToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		sent      []time.Time // when a sender worked before the loss
		lost      time.Time
		want      int // texts in the end, of both reminders
		day, soon gateway.State
	}{
		"both sent":                     {[]time.Time{monday, tuesday.Add(-2 * time.Hour)}, tuesday.Add(-110 * time.Minute), 2, gateway.Delivered, gateway.Delivered},
		"the first sent, both due":      {[]time.Time{monday}, tuesday.Add(-110 * time.Minute), 2, gateway.Delivered, gateway.Delivered},
		"the first sent, the other not": {[]time.Time{monday}, monday.Add(time.Hour), 2, gateway.Delivered, gateway.Delivered},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.policy(func(p *gateway.Policy) { p.Rules = []gateway.Rule{day, hours} })
			s.booked(riverside, person(1))
			raw, old := s.save()
			for _, at := range c.sent {
				s.come(at)
				s.sendAll()
			}
			s.clock.Set(c.lost)
			s.hold(false)
			old.PutBack(t, raw)
			s.notice()
			s.steps(4*time.Minute, riverside, hillside)
			s.hold(false)
			s.sendAll()
			if end := tuesday.Add(-100 * time.Minute); s.clock.Now().Before(end) {
				s.come(end)
				s.sendAll()
			}
			s.come(s.clock.Now().Add(time.Minute))
			if s.got(1) != c.want {
				t.Errorf("%d texts arrived, want %d", s.got(1), c.want)
			}
		})
	}
}

func TestTwoOfOneFamilyWithOneTelephoneAndOneTimeAreCounted(t *testing.T) {
	for name, sent := range map[string]int{"one was sent": 1, "both were sent": 2} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			visits := []gateway.Appointment{person(1), person(2)}
			visits[1].Patient.Mobile = gateway.NewPhone(phone(1))
			s.booked(riverside, visits...)
			raw, old := s.save()
			if sent == 1 { // the other was cancelled for a while
				delete(s.visits[riverside], visits[1].ID)
			}
			s.come(monday)
			s.sendAll()
			if s.got(1) != sent {
				t.Fatalf("%d were sent, want %d", s.got(1), sent)
			}
			s.hold(false)
			old.PutBack(t, raw)
			s.booked(riverside, visits...)
			s.notice()
			s.steps(4*time.Minute, riverside, hillside)
			s.booked(riverside, visits...)
			s.sendAll()
			if s.got(1) != 2 {
				t.Errorf("%d in the end, want 2", s.got(1))
			}
		})
	}
}

func TestATextThatNobodyCanReadIsNeverRepeated(t *testing.T) {
	s := newStage(t)
	s.booked(riverside, person(1))
	raw, old := s.save()
	s.come(monday)
	s.sendAll()
	s.policy(func(*gateway.Policy) {}, func(o *inbox.Options) {
		o.Start = func(gateway.Text, time.Time) (time.Time, bool) { return time.Time{}, false }
	})
	s.hold(false)
	old.PutBack(t, raw)
	s.notice()
	s.steps(4*time.Minute, riverside, hillside)
	s.stands(s.id(riverside, person(1)), gateway.Unknown, gateway.MaybeSent)
	s.clock.Set(tuesday.Add(-30 * time.Minute))
	s.steps(time.Minute, riverside)
	s.stands(s.id(riverside, person(1)), gateway.Failed, gateway.UnknownOutcome)
	if s.got(1) != 1 {
		t.Errorf("%d texts arrived", s.got(1))
	}
}

func TestTwoReplicasThatRestoreDoItOnce(t *testing.T) {
	s := newStage(t)
	var visits []gateway.Appointment
	for n := range 10 {
		visits = append(visits, person(n))
	}
	s.booked(riverside, visits...)
	raw, old := s.save()
	s.come(monday)
	s.sendAll()
	s.hold(false)
	old.PutBack(t, raw)
	s.notice()
	other := s.newInbox()
	for range 30 {
		if err := errors.Join(s.in.Restore(t.Context()), other.Restore(t.Context())); err != nil {
			t.Fatal(err)
		}
		s.booked(riverside)
		s.booked(hillside)
		for _, in := range []*inbox.Inbox{s.in, other} {
			if err := in.Reconcile(t.Context(), s.practice(riverside)); err != nil {
				t.Fatal(err)
			}
		}
		s.clock.Advance(10 * time.Second)
	}
	s.hold(false)
	s.sendAll()
	for n := range 10 {
		if s.got(n) != 1 {
			t.Errorf("patient %d got %d texts", n, s.got(n))
		}
	}
	if r := s.progress(); r.Found != 10 || r.Ended.IsZero() {
		t.Errorf("found %d, ended %s", r.Found, r.Ended)
	}
	if s.metric("bellman_restore_left") != 0 {
		t.Error("the metric still tells of some")
	}
}
