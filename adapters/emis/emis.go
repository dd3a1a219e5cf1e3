// Package emis reads a GP practice's diary from EMIS Web through the EMIS
// Partner API: the booked patients of the next days in one answer, whose
// registration changed since, and one patient's appointments again in the moment
// of sending. It only reads. In that API booking and cancelling are HTTP GETs as
// well, so the operations it may call are three, named in this file, and none of
// them has a side effect.
//
// The API has no practice parameter: the practice is the one whose organisation
// the token carries, so each practice has its own section with its own
// credentials.
package emis

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// The operations that are called, all of them reads.
const (
	opBooked       = "/api/v1/appointments/GetBookedPatientsV2"
	opChanged      = "/api/v1/patientMatching/GetChangedPatients"
	opAppointments = "/api/v1/appointments/GetPatientAppointmentsV2"
	opCancel       = "/api/v1/appointments/CancelAppointment"
	opFileRecord   = "/api/v1/medicalRecord/FileRecord"
	opDemographics = "/api/v1/patient/GetPatientDemographics"
)

// Limits of one exchange. The booked list of a large practice is some tens of
// megabytes; everything else is small, and a reread holds up a text.
const (
	bulkTimeout   = 60 * time.Second
	bulkBody      = 64 << 20
	quickTimeout  = 10 * time.Second
	quickBody     = 4 << 20
	rereadTimeout = 20 * time.Second
)

// overlap is how far before the last read changed registrations are asked for.
// It is longer than an hour, so that a server that takes our London time for UTC
// misses nothing, and leaves room for two clocks that differ.
const overlap = 2 * time.Hour

// Adapter is one practice's EMIS. It is safe for concurrent use.
type Adapter struct {
	config Config
	clock  gateway.Clock
	trial  bool
	base   string
	bulk   *outbound.Client
	quick  *outbound.Client
	once   *outbound.Client // for what changes something
	tokens *tokens

	mu       sync.Mutex
	lastRead time.Time // as of when the last wholly successful read was; zero: never
}

var _ gateway.Rereader = (*Adapter)(nil)
var _ gateway.Source = (*Adapter)(nil)
var _ gateway.Canceller = (*Adapter)(nil)

// New makes the adapter of one practice. It asks nothing yet. The error joins
// every fault of the section.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	c = c.withDefaults()
	var faults []error
	for _, f := range c.Check(env.Trial) {
		faults = append(faults, f)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	quick := outbound.New(outbound.Options{Local: env.Trial, Turn: env.Turn, Dated: env.Dated, Timeout: quickTimeout, MaxBody: quickBody})
	return &Adapter{
		config: c,
		clock:  env.Clock,
		trial:  env.Trial,
		base:   strings.TrimRight(c.BaseURL, "/"),
		once:   outbound.New(outbound.Options{Local: env.Trial, Turn: env.Turn, Dated: env.Dated, Timeout: quickTimeout, MaxBody: quickBody, Once: true}),
		bulk:   outbound.New(outbound.Options{Local: env.Trial, Turn: env.Turn, Dated: env.Dated, Timeout: bulkTimeout, MaxBody: bulkBody}),
		quick:  quick,
		tokens: newTokens(c, env.Clock, quick),
	}, nil
}

// CloseIdle drops idle connections, for an orderly stop.
func (a *Adapter) CloseIdle() {
	a.bulk.CloseIdle()
	a.quick.CloseIdle()
}

// address gives the address of one call. It may hold a patient's number in EMIS,
// which is why no error ever holds an address.
func (a *Adapter) address(op string, q url.Values) string {
	return a.base + op + "?" + q.Encode()
}
