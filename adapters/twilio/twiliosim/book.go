package twiliosim

import (
	"sync"
	"time"
)

// book holds everything that the simulator remembers. One lock is enough: what
// is done under it takes far less time than reading a request.
type book struct {
	mu       sync.Mutex
	all      []*message // as they were made
	bySID    map[string]*message
	byPhone  map[string][]*message // to and from each patient
	senders  map[string]Sender
	services map[string]Service
	blocked  map[pair]bool
	fates    map[string]Fate
	free     map[string]time.Time // when a sender's queue is empty again
	tries    map[string]uint64    // creates so far, by number
}

// pair is who blocked whom: a sender, or a whole Messaging Service.
type pair struct{ scope, patient string }

// Sender is a number, or a name, from which texts may be sent.
type Sender struct {
	Number     string
	InboundURL string // where answers to it go; may carry connection overrides behind a #
}

// Service is a Messaging Service: a pool of senders.
type Service struct {
	SID        string
	Senders    []string
	InboundURL string // wins over its senders' own
	// AdvancedOptOut turns on the words below (nil: STOP, STOPALL, UNSUBSCRIBE,
	// REVOKE, OPTOUT; START, UNSTOP; HELP, INFO), tells the practice what it took
	// a text for, and refuses blocked numbers in the receipt, not in the answer.
	AdvancedOptOut                     bool
	OptOutWords, OptInWords, HelpWords []string
}

// Fate is what becomes of every text to one number.
type Fate struct {
	Code    int  // 21xxx: refused in the answer; 30xxx: in the receipt; 0: delivered
	Arrives bool // reaches the phone although the receipt says otherwise
}

func newBook() book {
	return book{
		bySID: map[string]*message{}, byPhone: map[string][]*message{},
		senders: map[string]Sender{}, services: map[string]Service{},
		blocked: map[pair]bool{}, fates: map[string]Fate{},
		free: map[string]time.Time{}, tries: map[string]uint64{},
	}
}

// AddSender gives the account a sender, or changes where its answers go. An
// account that was given none may send from any.
func (s *Sim) AddSender(n Sender) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.book.senders[n.Number] = n
}

// AddService gives the account a Messaging Service.
func (s *Sim) AddService(v Service) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.book.services[v.SID] = v
}

// SetFate says what becomes of texts to a number from now on.
func (s *Sim) SetFate(number string, f Fate) {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	s.book.fates[number] = f
}

// Blocked reports whether a patient's number is blocked for a sender or service.
func (s *Sim) Blocked(sender, patient string) bool {
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	scope, _ := s.book.scope(sender)
	return s.book.blocked[pair{scope, patient}]
}

// add writes a message down. The caller holds the lock.
func (b *book) add(m *message) {
	m.index = len(b.all)
	b.all = append(b.all, m)
	b.bySID[m.sid] = m
	patient := m.to
	if m.direction == inbound {
		patient = m.from
	}
	m.nth = len(b.byPhone[patient])
	b.byPhone[patient] = append(b.byPhone[patient], m)
}

// scope says what a block covers for a sender or service: the whole service that
// it is in, or itself alone. The caller holds the lock.
func (b *book) scope(sender string) (string, *Service) {
	if v, ok := b.services[sender]; ok {
		return v.SID, &v
	}
	for _, v := range b.services {
		for _, n := range v.Senders {
			if n == sender {
				return v.SID, &v
			}
		}
	}
	return sender, nil
}
