package emis_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"bellman/adapters/emis"
	"bellman/adapters/emis/emissim"
	"bellman/adapters/surgery"
	"bellman/gateway/gatewaytest"
)

// published is EMIS' own description of the API, among the samples.
const published = "emis-papi/emis-health-partner-api-openapi.json"

// description loads EMIS' own OpenAPI file. It types the dates in queries as
// date-time and describes them in words as dd/mm/yyyy; asWords holds to the words.
func description(t *testing.T, asWords bool) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(gatewaytest.Sample(t, published))
	if err != nil {
		t.Fatal(err)
	}
	// The file leaves out where the log-in of people is, without which it is not
	// valid OpenAPI. Nothing here uses it.
	for _, scheme := range doc.Components.SecuritySchemes {
		if f := scheme.Value.Flows; f != nil && f.AuthorizationCode != nil {
			f.AuthorizationCode.AuthorizationURL = "https://example.org/authorize"
			f.AuthorizationCode.TokenURL = "https://example.org/token"
		}
	}
	for _, path := range doc.Paths.Map() {
		for _, operation := range path.Operations() {
			for _, p := range operation.Parameters {
				if asWords && p.Value.Schema.Value.Format == "date-time" {
					p.Value.Schema.Value.Format, p.Value.Schema.Value.Pattern = "", `^[0-3]\d/[01]\d/\d{4}$`
				}
			}
		}
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// checking holds every call under /api/v1 and, in JSON, its answer against the
// description. It counts what it checked.
func checking(t *testing.T, router routers.Router, checked map[string]int) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
				next.ServeHTTP(w, r)
				return
			}
			route, params, err := router.FindRoute(r)
			if err != nil {
				t.Errorf("%s %s is not an operation of the API: %v", r.Method, r.URL.Path, err)
				return
			}
			input := &openapi3filter.RequestValidationInput{
				Request: r, PathParams: params, Route: route,
				Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
			}
			if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
				t.Errorf("what the adapter asks: %v", err)
			}
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			answer := recorder.Result()
			body, _ := io.ReadAll(answer.Body)
			if strings.Contains(answer.Header.Get("Content-Type"), "json") {
				err := openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
					RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header,
					Body:    io.NopCloser(bytes.NewReader(body)),
					Options: &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
				})
				if err != nil {
					t.Errorf("what the simulator answers: %v", err)
				}
				checked[operationOf(r)]++
			}
			for k, v := range answer.Header {
				w.Header()[k] = v
			}
			w.WriteHeader(answer.StatusCode)
			_, _ = w.Write(body)
		})
	}
}

func operationOf(r *http.Request) string { return r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] }

func TestCallsAndAnswersFollowThePublishedDescription(t *testing.T) {
	for _, dates := range []string{emis.DateFormatUK, emis.DateFormatISO} {
		router := description(t, dates == emis.DateFormatUK)
		for _, format := range formats {
			t.Run(format+" with dates "+dates, func(t *testing.T) {
				checked := map[string]int{}
				s := play(t, monday, func(c *emis.Config) { c.Format, c.DateFormat = format, dates }, checking(t, router, checked))
				everyCall(t, s)
				for _, operation := range []string{"GetBookedPatientsV2", "GetChangedPatients", "GetPatientAppointmentsV2", "GetPatientDemographics"} {
					if format == emis.FormatJSON && checked[operation] == 0 {
						t.Errorf("no answer of %s was checked", operation)
					}
				}
			})
		}
	}
}

// everyCall makes each call, with good answers, empty ones and errors.
func everyCall(t *testing.T, s *stage) {
	t.Helper()
	surgery.Forty(s.diary, monday, 7)
	first := s.read(t)
	s.read(t)
	if _, err := s.adapter.Reread(t.Context(), first.Appointments[0]); err != nil {
		t.Fatal(err)
	}
	s.sim.SetFaults(emissim.Faults{EmptyAs404: true, Empty: true})
	s.read(t)
	s.sim.SetFaults(emissim.Faults{Status: 500})
	if _, err := s.adapter.Read(t.Context(), s.span); err == nil {
		t.Error("a 500 is not an error")
	}
}
