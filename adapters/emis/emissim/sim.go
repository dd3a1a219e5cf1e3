// Package emissim is a simulated EMIS Partner API: one practice's invented diary
// behind the token endpoint and the calls that a reminder gateway needs, in XML
// and JSON, with the faults that the real one is known or feared to have. It also
// offers the two booking calls that are GETs in that API and counts them, so that
// a test can prove that nobody made one.
//
// It stands in for what is published and for what other clients saw; it was
// never compared with a live EMIS.
package emissim

import (
	"net/http"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// TokenPath is where the simulator's token endpoint is; EMIS has its own on
// another host.
const TokenPath = "/oauth2/token"

// Options says who may call the simulator.
type Options struct {
	Clock         gateway.Clock
	ClientID      string
	ClientSecret  string
	ApplicationID string        // the only applicationId that is taken
	Organisation  string        // orgERN of the tokens
	TokenLife     time.Duration // 0: one hour
}

// Sim is the simulator of one practice, an http.Handler. It is safe for
// concurrent use.
type Sim struct {
	diary   *surgery.Diary
	options Options
	mux     *http.ServeMux
	key     []byte // signs the tokens of this simulator

	mu         sync.Mutex
	faults     Faults
	frozen     *view
	generation int // of tokens; older ones are refused
	tokens     int // how many were given out
	calls      map[string]int
	messages   int
}

// New makes a simulator that shows a diary.
func New(diary *surgery.Diary, o Options) *Sim {
	if o.TokenLife == 0 {
		o.TokenLife = time.Hour
	}
	s := &Sim{diary: diary, options: o, mux: http.NewServeMux(), key: newKey(), calls: map[string]int{}}
	s.mux.HandleFunc("POST "+TokenPath, s.token)
	for pattern, call := range map[string]operation{
		"GET /api/v1/appointments/GetBookedPatientsV2":      s.booked,
		"GET /api/v1/appointments/GetPatientAppointmentsV2": s.patientAppointments,
		"GET /api/v1/appointments/BookAppointment":          s.book,
		"GET /api/v1/appointments/CancelAppointment":        s.cancel,
		"POST /api/v1/medicalRecord/FileRecord":             s.fileRecord,
		"PATCH /api/v1/appointments/SetAppointmentStatus":   s.setStatus,
		"GET /api/v1/patientMatching/GetChangedPatients":    s.changed,
		"GET /api/v1/patient/GetPatientDemographics":        s.demographics,
	} {
		s.mux.Handle(pattern, s.guarded(call))
	}
	s.control()
	return s
}

// ServeHTTP answers one request.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.date(w)
	s.mux.ServeHTTP(w, r)
}

// Calls says how often an operation was asked for, by its name such as
// "BookAppointment", refused calls included.
func (s *Sim) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// Tokens says how many tokens were given out.
func (s *Sim) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens
}

// ExpireTokens refuses every token given out so far.
func (s *Sim) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
}

// SetOrganisation makes later tokens those of another practice.
func (s *Sim) SetOrganisation(ern string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.Organisation = ern
}
