package twiliosim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"bellman/gateway/gatewaytest"
)

func TestSignaturesAreThoseOfTwiliosOwnLibrary(t *testing.T) {
	raw := gatewaytest.Sample(t, "oracles/twilio_signature_vectors.json")
	var v struct {
		AuthToken string
		Cases     []struct {
			Name, URL, Body, Signature string
			Params                     [][2]string
		}
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Cases {
		form := url.Values{}
		for _, p := range c.Params {
			form.Add(p[0], p[1])
		}
		if got := sign(v.AuthToken, c.URL, form); got != c.Signature {
			t.Errorf("%s: got %s, want %s", c.Name, got, c.Signature)
		}
	}
}

func TestSegmentsAreCountedByTheAlphabetThatATextNeeds(t *testing.T) {
	a := func(n int) string { return strings.Repeat("a", n) }
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"one full segment", a(160), 1},
		{"one letter more", a(161), 2},
		{"two full parts", a(306), 2},
		{"three parts", a(307), 3},
		{"the euro sign counts twice", strings.Repeat("€", 80), 1},
		{"eighty-one of them", strings.Repeat("€", 81), 2},
		{"one letter outside the alphabet", a(69) + "ŷ", 1},
		{"and one letter more", a(70) + "ŷ", 2},
		{"two full parts of such letters", strings.Repeat("ŵ", 134), 2},
		{"three parts of such letters", strings.Repeat("ŵ", 135), 3},
		{"thirty-five emoji", strings.Repeat("😀", 35), 1},
		{"thirty-six of them", strings.Repeat("😀", 36), 2},
	} {
		if got := segmentsOf(c.text); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestSegmentsAreCountedAsTwilioCountsThem(t *testing.T) {
	raw := gatewaytest.Sample(t, "oracles/sms_segment_vectors.json")
	var v struct {
		Vectors []struct {
			Name, Text string
			Segments   int
		}
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Vectors {
		if got := segmentsOf(c.Text); got != c.Segments {
			t.Errorf("%s: %d, want %d", c.Name, got, c.Segments)
		}
	}
}

func TestTheSameSeedTellsTheSameStoryInAnyOrder(t *testing.T) {
	story := func(order []int, seed uint64) map[string]int {
		s := start(t, Options{Manual: true, Seed: seed})
		if err := s.SetRates(map[Fault]float64{TooMany: 0.3, ErrorTaken: 0.3}); err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, i := range order {
			to := fmt.Sprintf("+447700900%03d", i)
			status, _ := post(t, s, with(text("x"), "To", to))
			got[to] = status
		}
		return got
	}
	there, back := make([]int, 60), make([]int, 60)
	for i := range 60 {
		there[i], back[59-i] = i, i
	}
	a, b, c := story(there, 7), story(back, 7), story(there, 8)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("another order gave another story")
	}
	if fmt.Sprint(a) == fmt.Sprint(c) {
		t.Error("another seed gave the same story")
	}
	kinds := map[int]int{}
	for _, status := range a {
		kinds[status]++
	}
	if kinds[201] < 10 || kinds[429] < 5 || kinds[500] < 5 {
		t.Errorf("the chances are not kept: %v", kinds)
	}
}

func TestTheControlDoorWorksWithCurl(t *testing.T) {
	s := start(t, Options{Manual: true})
	p := newPractice(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	do := func(method, path, kind, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		got, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(got)
	}
	const form = "application/x-www-form-urlencoded"
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	post(t, s, text("hello"))
	if status, got := do("GET", "/sim/phones", "", ""); status != 200 || !strings.Contains(got, `"body":"hello"`) {
		t.Errorf("phones: %d %s", status, got)
	}
	if status, _ := do("POST", "/sim/senders", form, url.Values{"number": {surgery}, "inbound_url": {p.url}}.Encode()); status != 204 {
		t.Errorf("senders: %d", status)
	}
	if status, got := do("POST", "/sim/reply", form, url.Values{"from": {phone}, "to": {surgery}, "body": {"STOP"}}.Encode()); status != 200 || !strings.Contains(got, `"took_for":"STOP"`) {
		t.Errorf("reply: %d %s", status, got)
	}
	if status, _ := do("POST", "/sim/fate", form, "number=%2B447700900150&code=30005"); status != 204 {
		t.Errorf("fate: %d", status)
	}
	if status, _ := do("POST", "/sim/fate", form, "number=%2B447700900150&code=bad"); status != 400 {
		t.Errorf("a bad fate: %d", status)
	}
	if status, got := do("POST", "/sim/faults", "application/json", `{"script":["too-many"],"rates":{"slow":0.1},"receipts":{"lost":0.5}}`); status != 200 || !strings.Contains(got, "too-many") {
		t.Errorf("faults: %d %s", status, got)
	}
	for _, bad := range []string{`{"rates":{"nonsense":1}}`, `{"script":["nonsense"]}`, `{"other":1}`, `x`} {
		if status, _ := do("POST", "/sim/faults", "application/json", bad); status != 400 {
			t.Errorf("%s: %d", bad, status)
		}
	}
	if status, got := do("GET", "/sim/faults", "", ""); status != 200 || !strings.Contains(got, `"lost":0.5`) {
		t.Errorf("faults: %d %s", status, got)
	}
	if status, got := do("GET", "/sim/counts", "", ""); status != 200 || !strings.Contains(got, `"taken":1`) {
		t.Errorf("counts: %d %s", status, got)
	}
}
