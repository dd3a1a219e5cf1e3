package main

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/inbox"
)

// trustPage asks the public door for a page and gives its status and its words.
func trustPage(t *testing.T, path string, practices ...configs.Practice) (int, string) {
	t.Helper()
	s := &service{app: &app{cfg: &configs.Config{Practices: practices}}}
	door := httptest.NewServer(s.publicHandler(inbox.New(inbox.Options{})))
	defer door.Close()
	got, err := http.Get(door.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	var b strings.Builder
	if _, err := io.Copy(&b, got.Body); err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, html.UnescapeString(b.String())
}

func trustPractice(ods gateway.ODS, n gateway.Nation) configs.Practice {
	p := configs.Practice{Practice: gateway.Practice{
		ODS: ods, Name: "Surgery " + string(ods), Phone: "01632 960001", Nation: n, Sender: "+447700900001",
	}}
	p.Policy.Wording = "default"
	return p
}

func TestTheTrustPageSaysWhatPatientsAsk(t *testing.T) {
	status, page := trustPage(t, "/trust", trustPractice("A81001", gateway.England))
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	for what, words := range map[string]string{
		"who texts":            "Surgery A81001. Its texts come from <strong>+447700900001</strong>, which your phone may show as <strong>07700900001</strong>",
		"what a text says":     "You have an appointment with Surgery A81001 on Wednesday 5 August at 9:10am. To change it, call 01632 960001. Reply STOP to stop these texts.",
		"what it never says":   "Never the reason, the clinic or whom you see",
		"why":                  "So that you do not miss your visit",
		"how to stop":          "Reply <strong>STOP</strong>",
		"how to get them back": "Reply <strong>START</strong>",
		"that nobody watches":  "Ring 999 in an emergency",
		"whom to complain to":  "Ring Surgery A81001 on 01632 960001.",
		"and after that":       "Information Commissioner's Office, 0303 123 1113",
	} {
		if !strings.Contains(page, words) {
			t.Errorf("does not say %s: %q", what, words)
		}
	}
	for _, wrong := range []string{"<script", "Cymraeg", "CANCEL", "£", "your first name", "the place", "<no value>", "<form", "src="} {
		if strings.Contains(page, wrong) {
			t.Errorf("says %q", wrong)
		}
	}
}

func TestTheTrustPageTellsWhatThePracticeHasChosen(t *testing.T) {
	p := trustPractice("A81001", gateway.England)
	p.Complaints = "The practice manager, 01632 960009"
	p.Policy.Extras = gateway.Extras{
		FirstName: true, CancelByText: true, Sites: map[string]string{"5": "Quay Branch"}, Cost: gateway.Cost{Pounds: 30, Source: "an invented figure of 2026"},
	}
	_, page := trustPage(t, "/trust", p)
	for _, words := range []string{
		"Sam, you have an appointment", "your first name", "the place", "It is at Quay Branch.", "Reply STOP",
		"about £30) is a figure from: an invented figure of 2026.", "reply <strong>CANCEL</strong> and the four digits", "only when the practice tells you so",
		"The practice manager, 01632 960009.",
	} {
		if !strings.Contains(page, words) {
			t.Errorf("does not say %q", words)
		}
	}
}

func TestTheTrustPageOfASenderThatCannotReceive(t *testing.T) {
	p := trustPractice("A81001", gateway.England)
	p.Sender = "Riverside"
	_, page := trustPage(t, "/trust", p)
	if strings.Contains(page, "STOP") || strings.Contains(page, "START") || !strings.Contains(page, "You cannot reply to these texts. Tell the practice") {
		t.Error("asks for a reply that nobody gets")
	}
}

func TestTheTrustPageIsInWelshTooForPracticesInWales(t *testing.T) {
	status, page := trustPage(t, "/trust", trustPractice("A81001", gateway.England), trustPractice("W91002", gateway.Wales))
	_, welsh, found := strings.Cut(page, `lang="cy">`)
	if status != http.StatusOK || !found {
		t.Fatalf("status %d, Welsh %t", status, found)
	}
	_, welsh, _ = strings.Cut(welsh, `id="cymraeg"`)
	if !strings.Contains(welsh, "Surgery W91002. Daw'r negeseuon o <strong>+447700900001</strong>") || !strings.Contains(welsh, "Mae gennych apwyntiad gyda Surgery W91002") {
		t.Error("does not say in Welsh who texts and what")
	}
	if strings.Contains(welsh, "A81001") {
		t.Error("speaks Welsh for a practice in England")
	}
}

func TestEachPracticeHasATrustPageOfItsOwn(t *testing.T) {
	both := []configs.Practice{trustPractice("A81001", gateway.England), trustPractice("W91002", gateway.Wales)}
	status, page := trustPage(t, "/trust/A81001", both...)
	if status != http.StatusOK || !strings.Contains(page, "Surgery A81001") || strings.Contains(page, "W91002") || !strings.Contains(page, "This practice sends") {
		t.Errorf("status %d, or another practice stands on it", status)
	}
	for _, path := range []string{"/trust/A81002", "/trust/", "/trust/A81001/x", "/trust/a81001"} {
		if status, page := trustPage(t, path, both...); status != http.StatusNotFound || page != "<Response></Response>" {
			t.Errorf("%s: status %d", path, status)
		}
	}
}

func TestNothingOnTheTrustPageIsTakenForMarkup(t *testing.T) {
	p := trustPractice("A81001", gateway.England)
	p.Complaints = `<script>alert("x")</script>`
	s := httptest.NewRecorder()
	showTrust(s, []configs.Practice{p})
	if strings.Contains(s.Body.String(), "<script") || s.Header().Get("Content-Security-Policy") == "" {
		t.Error("what the configuration says runs in the page")
	}
}
