// Package gpconnectsim is a simulated GP practice's system behind GP Connect
// Appointment Management (FHIR STU3), with the Spine Secure Proxy before it. It shows
// an invented practice's diary, one patient at a time, and holds every caller to the
// published rules: headers, interactions, the unsigned token, dates, versions.
//
// It stands in for what is published, and its resources are checked against the
// published examples; it was never compared with a live provider.
package gpconnectsim

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// Options says who may ask, and how the practice is known.
type Options struct {
	Clock gateway.Clock
	Root  string // the practice's service root, as the Spine Directory Service gives it
	From  string // the only ASID that the proxy lets in
	To    string // the practice's ASID
}

// Sim is the simulator, an http.Handler. It is safe for concurrent use.
type Sim struct {
	diary   *surgery.Diary
	options Options
	mux     *http.ServeMux // of the door for people

	mu     sync.Mutex
	faults Faults
	made   time.Time // of the answers that a cache keeps
	kept   map[string][]byte
	hidden map[string]bool // NHS numbers of patients with a sensitive record
	asked  map[string]int  // by interaction
	lines  []string        // the request lines, as they came
	last   http.Header
	why    map[int]string // reasons of cancellations, by slot
	before map[string]func()
}

// New makes a simulator that shows a diary.
func New(diary *surgery.Diary, o Options) *Sim {
	s := &Sim{
		diary: diary, options: o, mux: http.NewServeMux(),
		hidden: map[string]bool{}, asked: map[string]int{}, why: map[int]string{}, before: map[string]func(){},
	}
	s.control()
	return s
}

// ServeHTTP answers one request: of a person, through the proxy, or without it. No
// http.ServeMux stands before the proxy, for that would clean the two slashes out of
// the address that is its path.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.date(w)
	rest, proxied := strings.CutPrefix(r.RequestURI, "/http")
	switch {
	case strings.HasPrefix(r.URL.Path, "/sim/"):
		s.mux.ServeHTTP(w, r)
	case proxied:
		s.proxy(w, r, "http"+rest)
	default:
		s.provider(w, r, "http://"+r.Host+r.RequestURI)
	}
}

// Hide makes a patient's record sensitive: it is treated as not there.
func (s *Sim) Hide(nhs string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden[nhs] = true
}

// Asked says how often an interaction was asked for, such as "search:patient-1", and
// for "" how often anything was.
func (s *Sim) Asked(interaction string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[interaction]
}

// Before lets something happen just before an interaction is carried out.
func (s *Sim) Before(interaction string, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before[interaction] = do
}

// Lines gives the paths of all requests as they came over the wire.
func (s *Sim) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines...)
}

// LastHeader gives the headers of the last request.
func (s *Sim) LastHeader() http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.Clone()
}

// note counts a request, and gives the faults that meet it.
func (s *Sim) note(r *http.Request) Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[""]++
	s.lines, s.last = append(s.lines, r.RequestURI), r.Header.Clone()
	f := s.faults
	if s.faults.BadGateways > 0 {
		s.faults.BadGateways--
	}
	return f
}

// proxy is the Spine Secure Proxy: it lets in whom it knows, for the endpoint that is
// registered, and hands the request on.
func (s *Sim) proxy(w http.ResponseWriter, r *http.Request, to string) {
	f := s.note(r)
	switch {
	case !surgery.Pause(r.Context(), f.SlowMS):
	case f.BadGateways > 0:
		proxyError(w, http.StatusBadGateway, "transient", "ERROR_COMMUNICATING_TO_ENDPOINT_URL_"+s.options.Root)
	case f.BrokenProxy:
		// One of the published examples of an error of the proxy is no JSON.
		w.Header().Set("Content-Type", "application/fhir+json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"resourceType": "OperationOutcome", "issue": [{"code": "forbidden",}]}`))
	case r.Header.Get("Ssp-From") != s.options.From:
		proxyError(w, http.StatusForbidden, "forbidden", "ASID_CHECK_FAILED_MESSAGESENDER_"+s.options.From)
	case !strings.HasPrefix(to, s.options.Root+"/"):
		proxyError(w, http.StatusBadRequest, "invalid", "ENDPOINT_DIFFERS_FROM_THE_REGISTERED_ONE")
	case r.Method != http.MethodGet && r.Method != http.MethodPut:
		proxyError(w, http.StatusMethodNotAllowed, "forbidden", "405: Method Not Allowed")
	default:
		s.answer(w, r, to, f)
	}
}

// provider is the practice's system without the proxy.
func (s *Sim) provider(w http.ResponseWriter, r *http.Request, to string) {
	f := s.note(r)
	if !surgery.Pause(r.Context(), f.SlowMS) {
		return
	}
	if !strings.HasPrefix(to, s.options.Root+"/") {
		http.NotFound(w, r)
		return
	}
	s.answer(w, r, to, f)
}

// answer is the practice's system: to is the whole address that was asked for.
func (s *Sim) answer(w http.ResponseWriter, r *http.Request, to string, f Faults) {
	u, err := url.Parse(strings.TrimPrefix(to, s.options.Root))
	if err != nil {
		outcome(w, http.StatusBadRequest, "invalid", "BAD_REQUEST")
		return
	}
	if f.Page {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><body>Sign in</body></html>"))
		return
	}
	if f.Status != 0 {
		outcome(w, f.Status, "processing", f.Code)
		return
	}
	kind, do := s.route(r.Method, u)
	s.mu.Lock()
	s.asked[kind]++
	before := s.before[kind]
	s.mu.Unlock()
	if before != nil {
		before()
	}
	if do == nil || r.Header.Get("Ssp-InteractionID") != interactions+kind || r.Header.Get("Ssp-TraceID") == "" ||
		r.Header.Get("Ssp-To") != s.options.To || !s.entitled(r, scopeOf(kind)) {
		outcome(w, http.StatusBadRequest, "invalid", "BAD_REQUEST")
		return
	}
	do(w, r, f)
}

const interactions = "urn:nhs:names:services:gpconnect:fhir:rest:"

type handler func(http.ResponseWriter, *http.Request, Faults)

// route finds what is asked for, and under which interaction it must be.
func (s *Sim) route(method string, u *url.URL) (string, handler) {
	q, parts := u.Query(), strings.Split(strings.Trim(u.Path, "/"), "/")
	switch {
	case method == http.MethodGet && u.Path == "/metadata":
		return "read:metadata-1", func(w http.ResponseWriter, _ *http.Request, f Faults) {
			s.give(w, u.Path, object{"resourceType": "CapabilityStatement", "status": "active", "fhirVersion": "3.0.1", "kind": "instance"}, f)
		}
	case method == http.MethodGet && u.Path == "/Patient":
		return "search:patient-1", func(w http.ResponseWriter, _ *http.Request, f Faults) { s.find(w, q, f) }
	case method == http.MethodGet && len(parts) == 3 && parts[0] == "Patient" && parts[2] == "Appointment":
		return "search:patient_appointments-1", func(w http.ResponseWriter, _ *http.Request, f Faults) { s.list(w, parts[1], q, f) }
	case method == http.MethodGet && len(parts) == 2 && parts[0] == "Appointment":
		return "read:appointment-1", func(w http.ResponseWriter, _ *http.Request, f Faults) { s.read(w, parts[1], f) }
	case method == http.MethodPut && len(parts) == 2 && parts[0] == "Appointment":
		return "cancel:appointment-1", func(w http.ResponseWriter, r *http.Request, f Faults) { s.cancel(w, r, parts[1], f) }
	}
	return "", nil
}

func scopeOf(kind string) string {
	switch kind {
	case "read:metadata-1":
		return "organization/*.read"
	case "cancel:appointment-1":
		return "patient/*.write"
	}
	return "patient/*.read"
}
