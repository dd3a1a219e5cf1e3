// Package inbox is what comes back: patients' answers, the provider's receipts,
// and the reconciliation of texts whose fate is not known with the provider's own
// list. What it answers with 2xx has been written down before.
package inbox

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"bellman/gateway"
)

// Memory is what the inbox needs of the store.
type Memory interface {
	AddOptOut(ctx context.Context, o gateway.OptOut) error
	AddOptOuts(ctx context.Context, all []gateway.OptOut) error
	OptIn(ctx context.Context, o gateway.OptOut) error
	Consent(p gateway.ODS, n gateway.Phone, messageID string) (gateway.Consent, error)
	OptedOut(ctx context.Context, p gateway.ODS, n gateway.Phone) (gateway.OptOut, bool, error)
	WithdrawNumber(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time, why gateway.Reason) ([]gateway.Move, error)
	InFlight(ctx context.Context, p gateway.ODS, n gateway.Phone) (bool, error)
	OpenOptOutTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time) ([]gateway.TaskID, error)
	OpenWrongNumberTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, now time.Time) ([]gateway.TaskID, error)
	OpenOptInTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, everybody bool, now time.Time) ([]gateway.TaskID, error)
	CloseOptOutTasks(ctx context.Context, p gateway.ODS, n gateway.Phone, at time.Time, by string, note gateway.Text) error
	CloseTask(ctx context.Context, id gateway.TaskID, at time.Time, by string, note gateway.Text) (bool, error)
	Kept(ctx context.Context, p gateway.ODS, messageID string) (bool, error)
	KeepReply(ctx context.Context, r gateway.Reply) (bool, error)
	FirstToday(ctx context.Context, p gateway.ODS, n gateway.Phone, what gateway.Answer) (bool, error)
	Move(ctx context.Context, now time.Time, changes []gateway.Change) ([]gateway.Changed, error)
	Unknowns(ctx context.Context, p gateway.ODS) ([]gateway.Standing, error)
	Unheard(ctx context.Context, p gateway.ODS) ([]gateway.Standing, error)
	TakeTurn(ctx context.Context, p gateway.ODS, now time.Time, every time.Duration) (since time.Time, ours bool, err error)
	EndTurn(ctx context.Context, p gateway.ODS, until time.Time) error
	Known(ctx context.Context, p gateway.ODS) (gateway.Diary, error)
	FactsOf(ctx context.Context, id gateway.ReminderID) (gateway.Facts, bool, error)
	NumberTag(ctx context.Context, p gateway.ODS, n gateway.Phone) ([12]byte, error)
	Standings(ctx context.Context, ids []gateway.ReminderID) ([]gateway.State, error)
	Reminder(ctx context.Context, id gateway.ReminderID) (gateway.Standing, bool, error)
	LastText(ctx context.Context, p gateway.ODS, n gateway.Phone) (gateway.ReminderID, bool, error)
	HeardUntil(ctx context.Context, p gateway.ODS) (time.Time, error)
	SetHeardUntil(ctx context.Context, p gateway.ODS, t time.Time) error
}

// Restoring is what the inbox needs of the store to bring it back after a loss.
type Restoring interface {
	RefreshHold(ctx context.Context) (bool, error)
	Release(ctx context.Context) error
	Replay(ctx context.Context) error
	Restoration(ctx context.Context) (gateway.Restoration, error)
	SetRestoration(ctx context.Context, r gateway.Restoration) error
	LockRestore(ctx context.Context, owner string, ttl time.Duration) (bool, error)
	Lost(ctx context.Context, p gateway.ODS) (time.Time, error)
	SetLost(ctx context.Context, p gateway.ODS, t time.Time) error
	Feed(ctx context.Context, p gateway.ODS) (gateway.FeedState, error)
	SetFeed(ctx context.Context, p gateway.ODS, f gateway.FeedState) error
	Waiting(ctx context.Context, p gateway.ODS) ([]gateway.Standing, error)
}

// Webhooks reads the provider's calls. Both give an error that Forged recognises
// when the provider did not sign them.
type Webhooks interface {
	ParseInbound(rawQuery, signature string, body []byte) (gateway.Inbound, error)
	ParseStatus(rawQuery, signature string, body []byte) (gateway.Receipt, error)
}

// Lister reads the provider's own list of messages since a time, newest first: to
// the given numbers; to one of our senders; from one of our senders. It
// gives all of them or an error; of what came to our sender, what cannot be read is
// counted and left out. Message reads one by its id, and reports false
// when the provider does not have it.
type Lister interface {
	List(ctx context.Context, since time.Time, numbers ...gateway.Phone) ([]gateway.Listed, error)
	Inbound(ctx context.Context, since time.Time, sender string) (found []gateway.Listed, unreadable int, err error)
	Outbound(ctx context.Context, since time.Time, sender string) ([]gateway.Listed, error)
	Message(ctx context.Context, id string) (gateway.Listed, bool, error)
}

// Answers words what patients are answered. A zero Text is no answer, and neither is
// one that is not there.
type Answers map[gateway.Answer]func(gateway.Practice) gateway.Text

// Options is what an inbox is made of.
type Options struct {
	Memory    Memory
	Restoring Restoring // nil: a hold is ended by people only
	// Start reads which appointment's start a text names; see message.Start.
	Start     func(t gateway.Text, at time.Time) (time.Time, bool)
	Webhooks  Webhooks
	Lister    Lister // nil: unknown fates wait for receipts
	Forged    error  // what the webhooks' errors are when a call is not signed
	Practices []gateway.Practice
	Clock     gateway.Clock
	// Keeper says whether the clock is right. While it is not, no fate is settled.
	// Nil: the clock counts as right.
	Keeper  gateway.Timekeeper
	Log     *slog.Logger
	Metrics *Metrics
	Moved   func([]gateway.Move)
	// Settled is told of a text of unknown fate that turned out to be accepted.
	Settled func(gateway.ODS)
	// Trouble is told of a receipt by which the provider's account, or the
	// practice's own sender, does not work.
	Trouble func(p gateway.ODS, everywhere bool)
	// Writers write into the clinical systems of the practices that have approved it
	// that a patient wants no texts. Elsewhere people do, from a task.
	Writers map[gateway.ODS]gateway.PreferenceWriter
	Cancels Cancels
	Answers Answers
	// Taken lists the words, in capitals, that the provider itself acts on and
	// answers when they are all of a text.
	Taken   map[string]gateway.ReplyKind
	Allowed func(gateway.Phone) bool // nil: every number may be answered
	Render  func(p gateway.Practice, a gateway.Appointment, now time.Time) (gateway.Text, int, error)
	Settle  time.Duration // how long the provider's list is given before it proves an absence
}

// Inbox takes what comes back.
type Inbox struct {
	o        Options
	bySender map[string]gateway.Practice
	byODS    map[gateway.ODS]gateway.Practice
	owner    string                              // of the right to restore
	untold   map[gateway.ODS]chan gateway.TaskID // opt-outs that wait for a clinical system to be told of them

	mu       sync.Mutex
	patience map[gateway.ODS]patience
	looked   map[gateway.ODS]time.Time // when a practice's lost reminders were last looked up
	floods   map[gateway.ODS]flood
	knocked  map[gateway.ODS]time.Time // when this replica last asked for a practice's turn
}

// New makes an inbox.
func New(o Options) *Inbox {
	in := &Inbox{o: o, bySender: map[string]gateway.Practice{}, byODS: map[gateway.ODS]gateway.Practice{}, owner: rand.Text(), untold: map[gateway.ODS]chan gateway.TaskID{}, looked: map[gateway.ODS]time.Time{}, knocked: map[gateway.ODS]time.Time{}, patience: map[gateway.ODS]patience{}, floods: map[gateway.ODS]flood{}}
	for _, p := range o.Practices {
		in.bySender[p.Sender] = p
		in.byODS[p.ODS] = p
		if o.Writers[p.ODS] != nil {
			in.untold[p.ODS] = make(chan gateway.TaskID, mostUntold)
		}
	}
	return in
}

func (in *Inbox) moved(ms []gateway.Move) {
	if len(ms) > 0 && in.o.Moved != nil {
		in.o.Moved(ms)
	}
}
