package gpconnectsim_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bellman/adapters/gpconnect/gpconnectsim"
	"bellman/adapters/surgery"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

const (
	root = "https://gp.example.org/A81001/STU3/1/gpconnect"
	ours = "200000000359"
	gp   = "918999198993"
	nhs  = "9990000018"
)

var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

type object = map[string]any

// caller is a client that can break any rule.
type caller struct {
	t     *testing.T
	url   string
	sim   *gpconnectsim.Sim
	diary *surgery.Diary
	slot  int
}

func newCaller(t *testing.T) *caller {
	t.Helper()
	clock := gatewaytest.NewClock(monday)
	c := &caller{t: t, diary: surgery.New(clock)}
	id := c.diary.Register(surgery.Person{Given: "Iona", Family: "Jessop", NHSNumber: nhs, Mobile: "07700 900201", Born: monday.AddDate(-50, 0, 0)})
	c.slot = c.diary.Book(surgery.Visit{Person: id, Start: monday.AddDate(0, 0, 2), Site: 5, Mode: gateway.ModeVideo})
	c.sim = gpconnectsim.New(c.diary, gpconnectsim.Options{Clock: clock, Root: root, From: ours, To: gp})
	server := httptest.NewServer(c.sim)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func claims() object {
	id := func(system string) []object { return []object{{"system": system, "value": "1"}} }
	return object{
		"iss": "https://texts.example.org", "sub": "10019", "aud": root, "iat": monday.Unix(), "exp": monday.Unix() + 300,
		"reason_for_request": "directcare", "requested_scope": "patient/*.read",
		"requesting_device":       object{"resourceType": "Device", "model": "m", "version": "1", "identifier": id("a")},
		"requesting_organization": object{"resourceType": "Organization", "name": "Riverside", "identifier": id("https://fhir.nhs.uk/Id/ods-organization-code")},
		"requesting_practitioner": object{
			"resourceType": "Practitioner", "id": "10019", "name": []object{{"family": "Farrow", "given": []string{"Claire"}}},
			"identifier": append(append(id("https://fhir.nhs.uk/Id/sds-user-id"), id("https://fhir.nhs.uk/Id/sds-role-profile-id")...), id("b")...),
		},
	}
}

func token(c object, tail string) string {
	part := func(v object) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return part(object{"alg": "none", "typ": "JWT"}) + "." + part(c) + tail
}

// ask sends one request, with what the test changes, and gives status and body.
func (c *caller) ask(method, path, interaction, body string, change func(*http.Request)) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+"/"+root+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for k, v := range map[string]string{
		"Ssp-TraceID": "1", "Ssp-From": ours, "Ssp-To": gp, "Ssp-InteractionID": "urn:nhs:names:services:gpconnect:fhir:rest:" + interaction,
		"Authorization": "Bearer " + token(claims(), "."),
	} {
		r.Header.Set(k, v)
	}
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

const find = "/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C" + nhs

func TestARequestThatBreaksARuleIsRefused(t *testing.T) {
	c := newCaller(t)
	if status, body := c.ask("GET", find, "search:patient-1", "", nil); status != 200 || !strings.Contains(body, "1001") {
		t.Fatalf("a good request is answered with %d", status)
	}
	for what, x := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"another sender":      {func(r *http.Request) { r.Header.Set("Ssp-From", "1") }, 403},
		"another receiver":    {func(r *http.Request) { r.Header.Set("Ssp-To", "1") }, 400},
		"no trace":            {func(r *http.Request) { r.Header.Del("Ssp-TraceID") }, 400},
		"another interaction": {func(r *http.Request) { r.Header.Set("Ssp-InteractionID", "urn:x:read:patient-1") }, 400},
		"no token":            {func(r *http.Request) { r.Header.Del("Authorization") }, 400},
		"no last dot":         {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token(claims(), "")) }, 400},
		"a signature":         {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token(claims(), ".x")) }, 400},
		"a DELETE":            {func(r *http.Request) { r.Method = "DELETE" }, 405},
	} {
		if status, _ := c.ask("GET", find, "search:patient-1", "", x.change); status != x.status {
			t.Errorf("%s: %d, want %d", what, status, x.status)
		}
	}
	for claim, wrong := range map[string]any{
		"exp": monday.Unix() + 299, "iat": monday.Unix() - 400, "aud": root + "/", "sub": "1", "requested_scope": "organization/*.read",
		"reason_for_request": "curiosity", "requesting_practitioner": object{}, "requesting_device": nil, "iss": "",
	} {
		bad := maps.Clone(claims())
		bad[claim] = wrong
		if status, _ := c.ask("GET", find, "search:patient-1", "", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token(bad, ".")) }); status != 400 {
			t.Errorf("a wrong %s is answered with %d", claim, status)
		}
	}
}

func TestAQuestionOutsideTheRulesIsRefused(t *testing.T) {
	c := newCaller(t)
	const list = "search:patient_appointments-1"
	for path, x := range map[string]struct {
		interaction string
		status      int
		code        string
	}{
		"/Patient/1001/Appointment?start=ge2026-11-18&start=le2026-11-18":           {list, 200, "booked"},
		"/Patient/1001/Appointment?start=ge2026-11-16&start=le2026-11-16":           {list, 200, "searchset"},
		"/Patient/1001/Appointment?start=ge2026-11-18":                              {list, 422, "INVALID_PARAMETER"},
		"/Patient/1001/Appointment?start=ge2026-11-15&start=le2026-11-18":           {list, 422, "INVALID_PARAMETER"},
		"/Patient/1001/Appointment?start=ge2026-11-18&start=le2026-11-17":           {list, 422, "INVALID_PARAMETER"},
		"/Patient/1001/Appointment?start=ge2026-11-18T00:00:00Z&start=le2026-11-18": {list, 422, "INVALID_PARAMETER"},
		"/Patient/7/Appointment?start=ge2026-11-18&start=le2026-11-18":              {list, 404, "PATIENT_NOT_FOUND"},
		"/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C123":               {"search:patient-1", 400, "INVALID_NHS_NUMBER"},
		"/Patient?identifier=x%7C" + nhs:                                            {"search:patient-1", 400, "INVALID_IDENTIFIER_SYSTEM"},
		"/Appointment/7":                                                            {"read:appointment-1", 404, "NO_RECORD_FOUND"},
		"/Slot":                                                                     {"search:slot-1", 400, "BAD_REQUEST"},
	} {
		if status, body := c.ask("GET", path, x.interaction, "", nil); status != x.status || !strings.Contains(body, x.code) {
			t.Errorf("%s: %d, want %d with %s", path, status, x.status, x.code)
		}
	}
}

func TestACancellationOutsideTheRulesChangesNothing(t *testing.T) {
	c := newCaller(t)
	const at, put = "/Appointment/88001", "cancel:appointment-1"
	writes := func(r *http.Request) {
		may := claims()
		may["requested_scope"] = "patient/*.write"
		r.Header.Set("Authorization", "Bearer "+token(may, "."))
		r.Header.Set("If-Match", `W/"1"`)
	}
	_, was := c.ask("GET", at, "read:appointment-1", "", nil)
	why := `,{"url":"https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-AppointmentCancellationReason-1","valueString":"ill"}],"id"`
	good := strings.Replace(strings.Replace(was, `"booked"`, `"cancelled"`, 1), `],"id"`, why, 1)
	for what, x := range map[string]struct {
		body   string
		change func(*http.Request)
		status int
	}{
		"to read only":      {good, func(r *http.Request) { r.Header.Set("If-Match", `W/"1"`) }, 400},
		"without a version": {good, func(r *http.Request) { writes(r); r.Header.Del("If-Match") }, 409},
		"of an old version": {good, func(r *http.Request) { writes(r); r.Header.Set("If-Match", `W/"0"`) }, 409},
		"without a reason":  {strings.Replace(was, `"booked"`, `"cancelled"`, 1), writes, 422},
		"of nothing":        {strings.Replace(good, "cancelled", "booked", 1), writes, 422},
		"and more":          {strings.Replace(good, "Simulated appointment", "x", 1), writes, 422},
		"that is no JSON":   {"{", writes, 400},
	} {
		if status, _ := c.ask("PUT", at, put, x.body, x.change); status != x.status {
			t.Errorf("%s: %d, want %d", what, status, x.status)
		}
	}
	if v, _ := c.diary.Visit(c.slot); v.Status != gateway.StatusBooked || v.Version != 1 {
		t.Fatal("something was changed")
	}
	if status, body := c.ask("PUT", at, put, good, writes); status != 200 || !strings.Contains(body, `"cancelled"`) || !strings.Contains(body, `"ill"`) {
		t.Errorf("a good cancellation is answered with %d", status)
	}
}

func TestAPersonCanPlayWithIt(t *testing.T) {
	c := newCaller(t)
	post := func(path, body, kind string) int {
		res, err := http.Post(c.url+path, kind, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	const form, js = "application/x-www-form-urlencoded", "application/json"
	for _, x := range []struct {
		path, body, kind string
		status           int
	}{
		{"/sim/visits/88001/move", "start=2026-11-19T09:10:00Z", form, 204}, {"/sim/visits/88001/move", "start=soon", form, 400}, {"/sim/visits/7/cancel", "", form, 404},
		{"/sim/visits/88001/cancel", "", form, 204}, {"/sim/people/" + nhs + "/hide", "", form, 204},
		{"/sim/faults", `{"slow_ms": 1}`, js, 200}, {"/sim/faults", `{"slow": 1}`, js, 400},
	} {
		if got := post(x.path, x.body, x.kind); got != x.status {
			t.Errorf("%s %s: %d, want %d", x.path, x.body, got, x.status)
		}
	}
	if v, _ := c.diary.Visit(c.slot); v.Status != gateway.StatusCancelled || c.sim.Faults().SlowMS != 1 {
		t.Error("nothing came of it")
	}
	if _, body := c.ask("GET", find, "search:patient-1", "", nil); strings.Contains(body, "1001") {
		t.Error("the patient is not hidden")
	}
}
