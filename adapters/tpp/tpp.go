// Package tpp reads a GP practice's diary from TPP SystmOne through its Client
// Integration: XML over a plain TCP socket that a SystmOne desktop client opens on
// its own PC once somebody has logged on. The diary is asked for day by day, each
// patient's details one by one, and never more than about one request a second;
// the client answers nothing at all to what comes faster. No answer is therefore
// never an empty diary.
//
// The socket has no encryption and exists only on that PC. Anything but this
// machine is reached through the relay that runs there (`bellman agent`).
//
// It writes two things, each only when asked to and never twice: that a patient
// wants no texts, and that an appointment is cancelled.
package tpp

import (
	"errors"
	"sync"
	"time"

	"bellman/gateway"
)

// Adapter is one practice's SystmOne. It is safe for concurrent use.
type Adapter struct {
	config   Config
	env      gateway.Surroundings
	line     *line
	requests *numbering

	approval approval                   // of this installation by a person at the practice's PC
	reading  chan struct{}              // held by the one read that is under way; SystmOne answers one at a time
	refused  map[gateway.PatientID]bool // whom SystmOne did not give when last asked; the read's that holds reading

	mu    sync.Mutex
	swept time.Time // when old patients' details were last cleared away
}

var (
	_ gateway.Rereader         = (*Adapter)(nil)
	_ gateway.Source           = (*Adapter)(nil)
	_ gateway.PreferenceWriter = (*Adapter)(nil)
	_ gateway.Canceller        = (*Adapter)(nil)
)

var (
	errNoShelf = errors.New("tpp needs a place to keep the approval and the patients' details in")
	errNoRelay = errors.New("address: is agent, but this process has no relay: set listen.agents")
)

// New makes the adapter of one practice. It asks nothing yet. The error joins
// every fault of the section.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	c = c.withDefaults(env.Practice)
	var faults []error
	for _, f := range c.Check(env.Trial) {
		faults = append(faults, f)
	}
	if env.Shelf == nil {
		faults = append(faults, errNoShelf)
	}
	if c.Address == throughAgent && env.Dial == nil {
		faults = append(faults, errNoRelay)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &Adapter{
		config: c, env: env, requests: newNumbering(string(env.Practice)),
		line:     newLine(time.Duration(c.PaceMS) * time.Millisecond),
		approval: newApproval(), reading: make(chan struct{}, 1),
	}, nil
}
