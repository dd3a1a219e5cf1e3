// Package cliniko reads a private clinic's diary from Cliniko through its REST API
// (v1): individual appointments, the attendees of group appointments, and their
// patients. It reads everything once in a few hours and in between only what
// changed, laid over what is kept on the practice's shelf; what it then holds is
// checked against Cliniko's own count, and read anew where the two differ.
//
// It can look at one appointment again, cancel one, and take the texts out of what
// a patient chose for reminders. It books nothing, and never reads notes, letters
// or invoices.
package cliniko

import (
	"errors"
	"strings"
	"sync"
	"time"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// Limits of one exchange. A page of a hundred appointments is some 200 kB.
const (
	bulkTimeout   = 30 * time.Second
	bulkBody      = 16 << 20
	quickTimeout  = 10 * time.Second
	quickBody     = 4 << 20
	rereadTimeout = 20 * time.Second
)

// Adapter is one practice's Cliniko. It is safe for concurrent use.
type Adapter struct {
	config Config
	clock  gateway.Clock
	trial  bool
	base   string // ends with /v1, without a slash
	env    gateway.Surroundings
	bulk   *outbound.Client
	quick  *outbound.Client

	mu     sync.Mutex
	closed time.Time // Cliniko takes no request of ours before this moment
}

var (
	_ gateway.Source           = (*Adapter)(nil)
	_ gateway.Rereader         = (*Adapter)(nil)
	_ gateway.Canceller        = (*Adapter)(nil)
	_ gateway.PreferenceWriter = (*Adapter)(nil)
)

var errNoShelf = errors.New("cliniko needs a place to remember the diary, and was given none")

// New makes the adapter of one practice. It asks nothing yet. The error joins
// every fault of the section.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	var faults []error
	for _, f := range c.Check(env.Trial) {
		faults = append(faults, f)
	}
	if env.Shelf == nil {
		faults = append(faults, errNoShelf)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	c = c.withDefaults()
	a := &Adapter{
		config: c,
		clock:  env.Clock,
		trial:  env.Trial,
		base:   strings.TrimRight(c.BaseURL, "/"),
		env:    env,
	}
	a.bulk = outbound.New(outbound.Options{Local: env.Trial, Turn: a.turn(patienceBulk), Dated: env.Dated, Timeout: bulkTimeout, MaxBody: bulkBody})
	a.quick = outbound.New(outbound.Options{Local: env.Trial, Turn: a.turn(patienceQuick), Dated: env.Dated, Timeout: quickTimeout, MaxBody: quickBody})
	return a, nil
}

// CloseIdle drops idle connections, for an orderly stop.
func (a *Adapter) CloseIdle() {
	a.bulk.CloseIdle()
	a.quick.CloseIdle()
}
