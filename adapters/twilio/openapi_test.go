package twilio_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/twilio/twilio-go/client"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// twilioSpec is Twilio's own OpenAPI description of messages.
func twilioSpec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(gatewaytest.Sample(t, "twilio/twilio_messages_only.derived.json"))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// routeOf finds the operation by hand: the library's own router does not split
// "{Sid}.json".
func routeOf(doc *openapi3.T, r *http.Request) (*routers.Route, map[string]string, bool) {
	const list = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
	const one = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
	parts := regexp.MustCompile(`^/2010-04-01/Accounts/([^/]+)/Messages(?:/([^/]+))?\.json$`).FindStringSubmatch(r.URL.Path)
	if parts == nil {
		return nil, nil, false
	}
	path, params := list, map[string]string{"AccountSid": parts[1]}
	if parts[2] != "" {
		path, params["Sid"] = one, parts[2]
	}
	item := doc.Paths.Value(path)
	route := &routers.Route{Spec: doc, Path: path, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)}
	return route, params, route.Operation != nil
}

// checked puts Twilio's description between a provider and the simulator.
func checked(t *testing.T, spec *openapi3.T, sim http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		route, params, ok := routeOf(spec, r)
		if !ok {
			t.Errorf("%s of this path is not one of Twilio's", r.Method)
			return
		}
		in := &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		}
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			t.Errorf("a request that Twilio does not describe: %v", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.ContentLength = int64(len(body))
		rec := httptest.NewRecorder()
		sim.ServeHTTP(rec, r)
		if rec.Code < 300 {
			out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: rec.Code, Header: rec.Header(), Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes()))}
			if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
				t.Errorf("an answer that Twilio does not describe: %v", err)
			}
		}
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

func TestRequestsAndAnswersAreThoseOfTwiliosOwnDescription(t *testing.T) {
	spec := twilioSpec(t)
	sim := twiliosim.New(twiliosim.Options{Clock: wall, Manual: true, Pace: twiliosim.Pace{Network: time.Hour}})
	t.Cleanup(sim.Close)
	sim.AddSender(twiliosim.Sender{Number: sender})
	sim.AddService(twiliosim.Service{SID: service, Senders: []string{sender}})
	sim.SetFate("+447700900125", twiliosim.Fate{Code: 30036})
	p := provider(t, config(serve(t, checked(t, spec, sim))))

	ids := []string{}
	for _, to := range []string{patient, "+447700900125"} {
		for _, from := range []string{sender, service} {
			m := outgoing(t)
			m.From, m.To, m.Text = from, gateway.NewPhone(to), gateway.NewText("Héllo \"£\" 😀\n\\ ŵ")
			got, err := p.Send(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, got.MessageID)
		}
	}
	sim.Reply(t.Context(), patient, sender, "STOP")
	if _, err := p.List(t.Context(), time.Now().Add(-time.Minute), gateway.NewPhone(patient)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.List(t.Context(), time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	handler := checked(t, spec, sim)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		r := httptest.NewRequest(method, "/2010-04-01/Accounts/"+twiliosim.DefaultAccount+"/Messages/"+ids[0]+".json", strings.NewReader("Body="))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(twiliosim.DefaultAccount, twiliosim.DefaultToken)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		if rec.Code >= 300 {
			t.Errorf("%s: %d", method, rec.Code)
		}
	}
}

// TestASendIsExactlyWhatTwilioDocuments looks at the bytes on the wire.
func TestASendIsExactlyWhatTwilioDocuments(t *testing.T) {
	var got url.Values
	var head http.Header
	p := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		got, head = r.PostForm, r.Header
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"sid":"SM00000000000000000000000000000001","num_segments":"2"}`))
	})
	m := outgoing(t)
	rows := map[time.Duration]string{3 * time.Hour: "10800", 0: "1", -time.Hour: "1", 90*time.Second + 1: "90", 48 * time.Hour: "36000"}
	for validity, want := range rows {
		m.Validity = validity
		if h, err := p.Send(t.Context(), m); err != nil || h.Segments != 2 {
			t.Fatalf("got %+v and %v", h, err)
		}
		expect := url.Values{
			"To": {patient}, "From": {sender}, "Body": {words}, "ValidityPeriod": {want},
			"StatusCallback": {public + "/twilio/status?r=" + reminder(t).String()},
		}
		if got.Encode() != expect.Encode() {
			t.Errorf("the form is not what was meant, with validity %s", validity)
		}
	}
	for _, key := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if head.Get(key) != "" {
			t.Errorf("%s makes net/http send again on a dead connection", key)
		}
	}
	m.Reminder = gateway.ReminderID{}
	if _, err := p.Send(t.Context(), m); err != nil || got.Get("StatusCallback") != public+"/twilio/status" {
		t.Errorf("a text that is no reminder: %v", err)
	}
	m.From = "MGSurgery" // a name that only begins like a service
	if _, err := p.Send(t.Context(), m); err != nil || got.Get("From") != "MGSurgery" {
		t.Errorf("a name as sender: %v", err)
	}
}

// TestOurCodesAgreeWithWhatIsKnownOfThem compares the table with the one that was
// collected from Twilio's error pages.
func TestOurCodesAgreeWithWhatIsKnownOfThem(t *testing.T) {
	r := csv.NewReader(bytes.NewReader(gatewaytest.Sample(t, "twilio/error_codes.tsv")))
	r.Comma, r.Comment, r.LazyQuotes, r.FieldsPerRecord = '\t', '#', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]gateway.Class{
		"ok_retry": gateway.TryLater, "transient": gateway.TryLater, "number_permanent": gateway.Rejected, "message_permanent": gateway.Rejected,
		"opted_out": gateway.Stopped, "account": gateway.Account, "config": gateway.Account, "unknown_outcome": gateway.Uncertain,
	}
	// It may have arrived, so that it is never sent again without proof.
	careful := map[int]bool{30008: true, 30500: true}
	seen := 0
	for _, row := range rows {
		if row[2] == "cfg" && row[0] != "21712" {
			continue // about our webhook, never about a text
		}
		for _, s := range strings.Split(row[0], "/") {
			code, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			class, reason := twilio.Classify(code)
			expect := want[row[3]]
			if careful[code] {
				expect = gateway.Uncertain
			}
			if class != expect || reason == gateway.None {
				t.Errorf("%d (%s): got %s, want %s and a reason", code, row[3], class, expect)
			}
			seen++
		}
	}
	if seen < 40 {
		t.Errorf("only %d codes were compared", seen)
	}
}

func TestACodeThatNobodyKnowsIsUncertain(t *testing.T) {
	for _, code := range []int{0, -1, 12345, 99999} {
		if class, reason := twilio.Classify(code); class != gateway.Uncertain || reason != gateway.UnknownOutcome {
			t.Errorf("%d: got %s (%s)", code, class, reason)
		}
	}
}

// TestTwiliosLibraryChecksSignaturesAsItsNodeLibraryMakesThem holds for all but
// repeated keys, which ParseInbound and ParseStatus refuse.
func TestTwiliosLibraryChecksSignaturesAsItsNodeLibraryMakesThem(t *testing.T) {
	var v struct {
		AuthToken string
		Cases     []struct {
			Name, URL, Body, Signature string
			Params                     [][2]string
		}
	}
	if err := json.Unmarshal(gatewaytest.Sample(t, "oracles/twilio_signature_vectors.json"), &v); err != nil {
		t.Fatal(err)
	}
	validator := client.NewRequestValidator(v.AuthToken)
	for _, c := range v.Cases {
		form := url.Values{}
		for _, p := range c.Params {
			form.Add(p[0], p[1])
		}
		body := c.Body
		if body == "" {
			body = form.Encode()
		}
		if got, want := validator.ValidateBody(c.URL, []byte(body), c.Signature), c.Name != "dup keys"; got != want {
			t.Errorf("%s: got %t, want %t", c.Name, got, want)
		}
	}
}

func TestTheSimulatorsIDsLookLikeTwilios(t *testing.T) {
	p, _ := network(t, twiliosim.Options{})
	shape := regexp.MustCompile(`^(SM|MM)[0-9a-f]{32}$`)
	seen := map[string]bool{}
	for range 50 {
		got, err := p.Send(t.Context(), outgoing(t))
		if err != nil || !shape.MatchString(got.MessageID) || seen[got.MessageID] {
			t.Fatalf("got %q and %v, want a new id", got.MessageID, err)
		}
		seen[got.MessageID] = true
	}
}
