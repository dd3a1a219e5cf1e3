package sender_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bellman/gateway"
	"bellman/gateway/inbox"
	"bellman/gateway/message"
	"bellman/gateway/sender"
)

// The patients of these tests, each with something that changes in the worst
// moment. Their visits are on Tuesday at ten; their texts are due on Monday at ten.
const (
	cancels = 1 + iota
	vanishes
	movesLater
	movesEarlier
	dies
	leaves
	saysStop
	changesNumber
	staysAsIs
)

const newNumber = 300

// changed gives a patient's visit as it is after the change.
func changed(n int) (a gateway.Appointment, inDiary bool) {
	a = person(n)
	switch n {
	case cancels:
		a.Status = gateway.StatusCancelled
	case vanishes:
		return a, false
	case movesLater:
		a.Start = tuesday.AddDate(0, 0, 2)
	case movesEarlier:
		a.Start = monday.Add(6 * time.Hour)
	case dies:
		a.Patient.Deceased = gateway.FlagYes
	case leaves:
		a.Patient.Left = gateway.FlagYes
	case changesNumber:
		a.Patient.Mobile = gateway.NewPhone(phone(newNumber))
	}
	return a, true
}

// fate changes patients' truth, each once, in the moment that a test chooses.
type fate struct {
	*stage
	inbox *inbox.Inbox
	told  bool // the diary is read at once; otherwise the next read finds it
	mu    sync.Mutex
	done  map[int]bool
	who   map[gateway.ReminderID]int
	stop  sync.WaitGroup
}

func newFate(t *testing.T, told bool, asks ...ask) *fate {
	t.Helper()
	s := newStage(t, asks...)
	f := &fate{stage: s, told: told, done: map[int]bool{}, who: map[gateway.ReminderID]int{}}
	p := []gateway.Practice{s.surgs[0].Practice, s.surgs[1].Practice}
	f.inbox = inbox.New(inbox.Options{
		Memory: s.store, Practices: p, Clock: &s.clock, Log: s.log.Logger(), Metrics: inbox.NewMetrics(prometheus.NewRegistry(), p),
		Answers: message.Answers(),
		Moved:   s.moves.add,
	})
	for n := cancels; n <= staysAsIs; n++ {
		f.who[s.id(riverside, person(n), day)] = n
	}
	t.Cleanup(f.stop.Wait)
	return f
}

// strike changes some patients' truth, unless it was changed before.
func (f *fate) strike(ns ...int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	news := false
	for _, n := range ns {
		if n == 0 || f.done[n] {
			continue
		}
		f.done[n], news = true, true
		if a, in := changed(n); in {
			f.diaries[riverside].book(a)
		} else {
			f.diaries[riverside].drop(a.ID)
		}
		if n == saysStop {
			f.hearStop()
		}
	}
	if news && f.told {
		f.read(riverside)
	}
}

func (f *fate) strikeAll() {
	f.strike(cancels, vanishes, movesLater, movesEarlier, dies, leaves, saysStop, changesNumber)
}

// hearStop lets the inbox take a STOP, and comes back when it is written down: the
// inbox goes on to wait for what is in the air.
func (f *fate) hearStop() {
	m := gateway.Inbound{MessageID: "SMstop", From: gateway.NewPhone(phone(saysStop)), To: fromRiverside, Text: gateway.NewText("Stop please")}
	for _, surgery := range f.surgs {
		if surgery.ODS != riverside {
			continue
		}
		f.stop.Go(func() {
			if _, err := f.inbox.Take(context.Background(), surgery.Practice, m); err != nil {
				f.t.Error("take STOP:", err)
			}
		})
	}
	f.await("the STOP is written down", func() bool {
		_, out, err := f.store.OptedOut(context.Background(), riverside, m.From)
		return err == nil && out
	})
}

// slow is a clinical system whose answer is overtaken by what happens next.
type slow struct {
	gateway.Rereader
	after func(gateway.Appointment)
}

func (r slow) Reread(ctx context.Context, a gateway.Appointment) (gateway.Appointment, error) {
	is, err := r.Rereader.Reread(ctx, a)
	r.after(a)
	return is, err
}

// reluctant is a provider before which something happens.
type reluctant struct {
	gateway.Provider
	before func(gateway.ReminderID)
}

func (p reluctant) Send(ctx context.Context, m gateway.Outgoing) (gateway.Handover, error) {
	p.before(m.Reminder)
	return p.Provider.Send(ctx, m)
}

// moment is a place in the pipeline at which the truth changes.
type moment struct {
	name string
	// play brings everybody's reminder to its due time, with the change in between.
	play func(*fate) *running
	// early: the change is known on Friday, before anything is due.
	early bool
	// late: the text has been handed over when the change comes.
	late bool
	// only with a re-read, whose answer is older than the change
	reread bool
}

func (f *fate) bookAll() {
	for n := cancels; n <= staysAsIs; n++ {
		f.diaries[riverside].book(person(n))
	}
}

var theMoments = []moment{
	{name: "before the first read", early: true, play: func(f *fate) *running {
		f.bookAll()
		f.strikeAll()
		f.come(friday)
		f.come(monday)
		return f.start()
	}},
	{name: "after queueing", early: true, play: func(f *fate) *running {
		f.bookAll()
		f.come(friday)
		f.strikeAll()
		f.come(friday.Add(time.Hour))
		f.come(monday)
		return f.start()
	}},
	{name: "after the last read", play: func(f *fate) *running {
		f.bookAll()
		f.come(friday)
		f.come(monday)
		f.strikeAll()
		return f.start()
	}},
	{name: "claimed, before the last look", play: func(f *fate) *running {
		return f.meddle(func(r *running) { r.memory.claimed = once(f.strikeAll) })
	}},
	{name: "during the re-read", reread: true, play: func(f *fate) *running {
		return f.meddle(nil, func(o *sender.Options) {
			for i := range o.Practices {
				o.Practices[i].Reread = slow{o.Practices[i].Reread, func(a gateway.Appointment) {
					f.strike(f.who[f.id(riverside, a, day)])
				}}
			}
		})
	}},
	{name: "between the last look and Sending", play: func(f *fate) *running {
		return f.meddle(func(r *running) {
			r.memory.moving = func(cs []gateway.Change) error {
				var going []int
				for _, c := range cs {
					if c.To == gateway.Sending {
						going = append(going, f.who[c.ID])
					}
				}
				f.strike(going...)
				return nil
			}
		})
	}},
	{name: "between Sending and the post", late: true, play: func(f *fate) *running {
		return f.meddle(nil, func(o *sender.Options) {
			o.Provider = reluctant{o.Provider, func(id gateway.ReminderID) { f.strike(f.who[id]) }}
		})
	}},
}

// meddle books everybody, comes to Monday, and starts a sender with something in
// its way.
func (f *fate) meddle(with func(*running), options ...func(*sender.Options)) *running {
	f.bookAll()
	f.come(friday)
	f.come(monday)
	r := f.ready(options...)
	if with != nil {
		with(r)
	}
	r.run()
	return r
}

// What a change at every point of the pipeline leads to: the new truth or nothing.
// What cannot be known in time is a change that only the clinical system knows,
// when that is not asked again or was asked just before: it is found by the next
// read, and whoever was told something that is no longer true becomes a task.
func TestAChangeAtEveryPointOfThePipelineGivesTheNewTruthOrNothing(t *testing.T) {
	for _, m := range theMoments {
		for _, told := range []bool{true, false} {
			for _, reread := range []bool{true, false} {
				if m.reread && !reread {
					continue
				}
				name := fmt.Sprintf("%s, read at once %t, asked again %t", m.name, told, reread)
				t.Run(name, func(t *testing.T) {
					var asks []ask
					if reread {
						asks = append(asks, canReread)
					}
					f := newFate(t, told, asks...)
					r := m.play(f)
					r.quiet()
					asked := reread && (m.name == "after the last read" || m.name == "claimed, before the last look")
					f.judge(m, !m.late && (m.early || told || asked), r)
				})
			}
		}
	}
}

// judge compares what the phones got, and what people are asked to do, with what
// was known when the texts left.
func (f *fate) judge(m moment, known bool, r *running) {
	f.t.Helper()
	tuesdayText, mondayText, thursdayText := "Tuesday 24 November", "Monday 23 November", "Thursday 26 November"
	f.stop.Wait()
	f.come(monday.Add(time.Hour)) // whatever was not known is read now
	r.quiet()
	for _, n := range []int{cancels, vanishes, movesLater, movesEarlier, dies, leaves, changesNumber} {
		want := 1
		if known {
			want = 0
		}
		day := tuesdayText
		if n == movesEarlier && m.early {
			want, day = 1, mondayText
		}
		f.says(phone(n), want, day)
	}
	stopped := 0
	if m.late {
		stopped = 1
	}
	f.says(phone(saysStop), stopped, tuesdayText)
	f.says(phone(staysAsIs), 1, tuesdayText)
	moved := 0
	if known {
		moved = 1
	}
	f.says(phone(newNumber), moved, tuesdayText)
	f.tasked(known)

	f.come(monday.AddDate(0, 0, 2)) // the later visit's own time
	r.quiet()
	// The clock came there before the read: a sender that looked in between held what
	// is due, on a diary two days old, and looks again a minute later.
	f.clock.Advance(time.Minute)
	r.quiet()
	later, want := f.sim.Phone(phone(movesLater)), 1
	if !known {
		want = 2
	}
	if len(later) != want || !strings.Contains(later[len(later)-1].Body, thursdayText) {
		f.t.Errorf("whoever was moved got %d texts, want %d, the last of them for Thursday", len(later), want)
	}
	f.explained()
}

// says checks how many texts a phone got, and that each names the day.
func (f *fate) says(number string, want int, day string) {
	f.t.Helper()
	for _, x := range f.texts(number, want) {
		if !strings.Contains(x.Body, day) {
			f.t.Errorf("a text to the phone ending in %s does not name %s", number[len(number)-3:], day)
		}
	}
}

// tasked checks that exactly those are tasks who were told what is not true.
func (f *fate) tasked(known bool) {
	f.t.Helper()
	want := map[int]gateway.TaskKind{}
	if !known {
		want = map[int]gateway.TaskKind{
			cancels: gateway.TaskCancelled, vanishes: gateway.TaskCancelled, movesLater: gateway.TaskMoved, movesEarlier: gateway.TaskMoved,
		}
	}
	for _, task := range must(f.store.Tasks(f.t.Context(), riverside)) {
		n := f.who[task.ID.ReminderID]
		if n == saysStop && task.ID.Kind == gateway.TaskOptOut {
			continue // the clinical system has to know, whatever the texts said
		}
		if want[n] != task.ID.Kind {
			f.t.Errorf("patient %d became a task: %s, want %q", n, task.ID.Kind, want[n])
		}
		delete(want, n)
		words, _, err := message.Render(f.surgeryOf(riverside), task.Facts.Appointment, monday)
		if err != nil || words != gateway.NewText(f.sim.Phone(phone(n))[0].Body) {
			f.t.Errorf("patient %d: the task does not tell the text that went: %v", n, err)
		}
		if is, _ := changed(n); n == movesLater && !task.Now.Equal(is.Start) {
			f.t.Errorf("the task does not tell the new start but %v", task.Now)
		}
	}
	for n := range want {
		f.t.Errorf("patient %d was told what is not true, and is no task", n)
	}
}

func (s *stage) surgeryOf(p gateway.ODS) gateway.Practice {
	for _, surgery := range s.surgs {
		if surgery.ODS == p {
			return surgery.Practice
		}
	}
	return gateway.Practice{}
}
