package twilio_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"bellman/adapters/twilio"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// signed makes a signature by Twilio's description of it.
func signed(address string, form url.Values) string {
	text := address
	for _, key := range slices.Sorted(maps.Keys(form)) {
		text += key + form.Get(key)
	}
	mac := hmac.New(sha1.New, []byte(twiliosim.DefaultToken))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func inboundForm(body string) url.Values {
	return url.Values{
		"AccountSid": {twiliosim.DefaultAccount}, "ApiVersion": {"2010-04-01"}, "Body": {body}, "From": {patient}, "To": {sender},
		"MessageSid": {"SMc65fd4f72e747a2ba4624ba513fd2add"}, "SmsStatus": {"received"}, "NumMedia": {"0"},
	}
}

func statusForm(status, code string) url.Values {
	f := url.Values{
		"AccountSid": {twiliosim.DefaultAccount}, "From": {sender}, "To": {patient},
		"MessageSid": {"SM78b25b88ea72e9aefe500b3492b3f1d4"}, "MessageStatus": {status},
	}
	if code != "" {
		f.Set("ErrorCode", code)
	}
	return f
}

func hooks(t testing.TB) *twilio.Provider { return provider(t, config("http://127.0.0.1:1")) }

func TestAnInboundTextIsRead(t *testing.T) {
	const body = "Héllo £ 😀 ŵ & stop?"
	form := inboundForm(body)
	got, err := hooks(t).ParseInbound("", signed(public+twilio.InboundPath, form), []byte(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if got.Text.Reveal() != body || got.From.Reveal() != patient || got.To != sender || got.OptOut != gateway.ReplyOther ||
		got.MessageID != "SMc65fd4f72e747a2ba4624ba513fd2add" {
		t.Error("the text was not read as it was written")
	}
}

func TestWhatTwilioTookTheWordsForIsTold(t *testing.T) {
	for word, want := range map[string]gateway.ReplyKind{
		"STOP": gateway.ReplyStop, "START": gateway.ReplyStart, "HELP": gateway.ReplyHelp, "OTHER": gateway.ReplyOther, "": gateway.ReplyOther,
	} {
		form := inboundForm("atal")
		form.Set("OptOutType", word)
		got, err := hooks(t).ParseInbound("", signed(public+twilio.InboundPath, form), []byte(form.Encode()))
		if err != nil || got.OptOut != want {
			t.Errorf("OptOutType %q: got %s and %v, want %s", word, got.OptOut, err, want)
		}
	}
}

func TestASenderThatIsNotANumberIsNobody(t *testing.T) {
	for from, want := range map[string]string{
		patient: patient, "+33612345678": "+33612345678", "07700900123": patient, "447700900123": patient,
		"NHSNoReply": "", "60006": "", "+44 7700": "", "+": "",
	} {
		form := inboundForm("hello")
		form.Set("From", from)
		got, err := hooks(t).ParseInbound("", signed(public+twilio.InboundPath, form), []byte(form.Encode()))
		if err != nil {
			t.Errorf("from %q: %v", from, err)
		}
		if got.From.Reveal() != want {
			t.Errorf("from %q was read as another sender", from)
		}
	}
}

func TestAReceiptCarriesOurOwnID(t *testing.T) {
	id := reminder(t)
	query := "r=" + id.String()
	rows := []struct {
		status, code string
		state        gateway.State
		class        gateway.Class
	}{
		{"accepted", "", gateway.Accepted, gateway.Uncertain},
		{"queued", "", gateway.Accepted, gateway.Uncertain},
		{"sending", "", gateway.Accepted, gateway.Uncertain},
		{"sent", "", gateway.Accepted, gateway.Uncertain},
		{"delivered", "", gateway.Delivered, gateway.Uncertain},
		{"read", "", gateway.Delivered, gateway.Uncertain},
		{"undelivered", "30003", gateway.Undelivered, gateway.TryLater},
		{"undelivered", "30005", gateway.Undelivered, gateway.Rejected},
		{"failed", "21610", gateway.Undelivered, gateway.Stopped},
		{"failed", "30002", gateway.Undelivered, gateway.Account},
		{"failed", "30410", gateway.Unknown, gateway.Uncertain},
		{"undelivered", "30410", gateway.Unknown, gateway.Uncertain},
		{"delivered", "30410", gateway.Delivered, gateway.Uncertain},
		{"failed", "99999", gateway.Undelivered, gateway.Uncertain},
		{"canceled", "", gateway.Undelivered, gateway.Uncertain},
	}
	for _, row := range rows {
		t.Run(row.status+row.code, func(t *testing.T) {
			form := statusForm(row.status, row.code)
			got, err := hooks(t).ParseStatus(query, signed(public+twilio.StatusPath+"?"+query, form), []byte(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			if got.Reminder != id || got.State != row.state || got.Class != row.class || fmt.Sprint(got.Code) != max(row.code, "0") {
				t.Errorf("got %+v", got)
			}
		})
	}
	form := statusForm("sent", "")
	got, err := hooks(t).ParseStatus("", signed(public+twilio.StatusPath, form), []byte(form.Encode()))
	if err != nil || got.Reminder != (gateway.ReminderID{}) {
		t.Errorf("a receipt without our id: got %v and %v", got.Reminder, err)
	}
}

func TestWhatTwilioSignedAndWeDoNotUnderstandIsMalformed(t *testing.T) {
	change := func(key, v string) url.Values {
		f := statusForm("sent", "")
		f.Set(key, v)
		return f
	}
	rows := map[string]struct {
		query string
		form  url.Values
	}{
		"a status nobody knows":   {"", change("MessageStatus", "teleported")},
		"partly delivered":        {"", change("MessageStatus", "partially_delivered")},
		"no status":               {"", change("MessageStatus", "")},
		"a code in words":         {"", change("ErrorCode", "many")},
		"a code without end":      {"", change("ErrorCode", "30003300033000330003")},
		"an id of something else": {"", change("MessageSid", "CA1")},
		"another account":         {"", change("AccountSid", "AC00000000000000000000000000000002")},
		"a reminder not ours":     {"r=hello", statusForm("sent", "")},
		"a query not understood":  {"r=%zz", statusForm("sent", "")},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			address := public + twilio.StatusPath
			if row.query != "" {
				address += "?" + row.query
			}
			_, err := hooks(t).ParseStatus(row.query, signed(address, row.form), []byte(row.form.Encode()))
			if !errors.Is(err, twilio.ErrMalformed) && !(name == "a query not understood" && errors.Is(err, twilio.ErrSignature)) {
				t.Errorf("got %v, want malformed", err)
			}
		})
	}
	if _, err := hooks(t).ParseInbound("", "x", make([]byte, twilio.MaxWebhook+1)); !errors.Is(err, twilio.ErrMalformed) {
		t.Errorf("a body without end: got %v, want malformed", err)
	}
}

func TestNobodyButTwilioIsBelieved(t *testing.T) {
	form := inboundForm("STOP")
	good := signed(public+twilio.InboundPath, form)
	altered := inboundForm("START")
	rows := map[string]struct{ query, signature, body string }{
		"no signature":            {"", "", form.Encode()},
		"another signature":       {"", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", form.Encode()},
		"an altered body":         {"", good, altered.Encode()},
		"a key more":              {"", good, form.Encode() + "&OptOutType=START"},
		"an added query":          {"x=1", good, form.Encode()},
		"a body's hash instead":   {"bodySHA256=" + strings.Repeat("0", 64), good, form.Encode()},
		"signed for the receipts": {"", signed(public+twilio.StatusPath, form), form.Encode()},
		"signed for another host": {"", signed("https://other.example.org"+twilio.InboundPath, form), form.Encode()},
		"a body that is no form":  {"", good, "%zz"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if _, err := hooks(t).ParseInbound(row.query, row.signature, []byte(row.body)); !errors.Is(err, twilio.ErrSignature) {
				t.Errorf("got %v, want not signed", err)
			}
		})
	}
}

// TestACallSignedByItsBodysHashIsNoneOfOurs: the library would believe it, but
// Twilio's calls about texts are forms, and only those are read.
func TestACallSignedByItsBodysHashIsNoneOfOurs(t *testing.T) {
	body := inboundForm("START").Encode()
	query := fmt.Sprintf("bodySHA256=%x", sha256.Sum256([]byte(body)))
	signature := signed(public+twilio.InboundPath+"?"+query, nil)
	if _, err := hooks(t).ParseInbound(query, signature, []byte(body)); !errors.Is(err, twilio.ErrSignature) {
		t.Errorf("got %v, want not signed", err)
	}
}

// TestARepeatedKeyIsRefusedAlthoughTheSignatureFits guards against twilio-go's
// habit of signing the first value of a key only.
func TestARepeatedKeyIsRefusedAlthoughTheSignatureFits(t *testing.T) {
	form := inboundForm("hello")
	good := signed(public+twilio.InboundPath, form)
	for _, extra := range []string{"&Body=STOP", "&OptOutType=STOP&OptOutType=START", "&From=%2B447700900999"} {
		body := form.Encode() + extra
		_, err := hooks(t).ParseInbound("", good, []byte(body))
		if !errors.Is(err, twilio.ErrMalformed) && !errors.Is(err, twilio.ErrSignature) {
			t.Errorf("got %v, want a refusal", err)
		}
	}
}

// TestTheSimulatorsCallsAreReadOverRealHTTP closes the circle: a text, its
// receipts and an answer, each over the wire and checked as in the service.
func TestTheSimulatorsCallsAreReadOverRealHTTP(t *testing.T) {
	var p *twilio.Provider
	receipts := make(chan gateway.Receipt, 8)
	texts := make(chan gateway.Inbound, 8)
	mux := http.NewServeMux()
	read := func(w http.ResponseWriter, r *http.Request, take func(body []byte) error) {
		body := make([]byte, r.ContentLength)
		if _, err := r.Body.Read(body); err != nil && err.Error() != "EOF" {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/xml")
		if err := take(body); err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusForbidden)
		}
	}
	mux.HandleFunc("POST "+twilio.StatusPath, func(w http.ResponseWriter, r *http.Request) {
		read(w, r, func(body []byte) error {
			got, err := p.ParseStatus(r.URL.RawQuery, r.Header.Get("X-Twilio-Signature"), body)
			receipts <- got
			return err
		})
	})
	mux.HandleFunc("POST "+twilio.InboundPath, func(w http.ResponseWriter, r *http.Request) {
		read(w, r, func(body []byte) error {
			got, err := p.ParseInbound(r.URL.RawQuery, r.Header.Get("X-Twilio-Signature"), body)
			texts <- got
			return err
		})
	})
	practice := serve(t, mux)
	sim := twiliosim.New(twiliosim.Options{Clock: wall, EveryStatus: true})
	t.Cleanup(sim.Close)
	sim.AddSender(twiliosim.Sender{Number: sender, InboundURL: practice + twilio.InboundPath})
	var err error
	if p, err = twilio.New(config(serve(t, sim)), practice+"/", gateway.Surroundings{Clock: wall, Trial: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	got, err := p.Send(t.Context(), outgoing(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	states := map[gateway.State]int{}
	for range 3 {
		r := <-receipts
		states[r.State]++
		if r.MessageID != got.MessageID || r.Reminder != reminder(t) {
			t.Error("a receipt of another text")
		}
	}
	if states[gateway.Accepted] != 2 || states[gateway.Delivered] != 1 {
		t.Errorf("receipts: %v", states)
	}
	if a := sim.Reply(t.Context(), patient, sender, "CANCEL 7834"); a.Status != 200 {
		t.Errorf("the answer's webhook got %d", a.Status)
	}
	if in := <-texts; in.Text.Reveal() != "CANCEL 7834" || in.From.Reveal() != patient || in.To != sender {
		t.Error("the patient's answer was not read")
	}
}

func FuzzParseInbound(f *testing.F) {
	for _, form := range []url.Values{inboundForm("STOP"), inboundForm("£ 😀"), statusForm("sent", ""), {}} {
		f.Add("", form.Encode())
	}
	f.Add("x=1", "Body=a&Body=b")
	f.Add("bodySHA256=00", "%zz")
	p := hooks(f)
	f.Fuzz(func(t *testing.T, query, body string) {
		if _, err := p.ParseInbound(query, "forged", []byte(body)); err == nil {
			t.Fatal("believed without a signature")
		}
		signature, ok := honest(twilio.InboundPath, query, body)
		if !ok {
			return
		}
		got, err := p.ParseInbound(query, signature, []byte(body))
		if err == nil && (got.MessageID == "" || got.To == "") {
			t.Fatal("read a text without an id or a practice")
		}
	})
}

func FuzzParseStatus(f *testing.F) {
	for _, form := range []url.Values{statusForm("sent", ""), statusForm("failed", "21610"), inboundForm("STOP"), {}} {
		f.Add("r="+reminder(f).String(), form.Encode())
	}
	f.Add("r=A81001.x", "MessageStatus=sent;MessageSid=SM")
	p := hooks(f)
	f.Fuzz(func(t *testing.T, query, body string) {
		if _, err := p.ParseStatus(query, "forged", []byte(body)); err == nil {
			t.Fatal("believed without a signature")
		}
		signature, ok := honest(twilio.StatusPath, query, body)
		if !ok {
			return
		}
		got, err := p.ParseStatus(query, signature, []byte(body))
		if err == nil && got.State != gateway.Accepted && got.State != gateway.Delivered && got.State != gateway.Undelivered {
			t.Fatal("read a receipt that says nothing")
		}
	})
}

// honest signs what a fuzzer made up, so that it gets past the signature.
func honest(path, query, body string) (string, bool) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return "", false
	}
	address := public + path
	if query != "" {
		address += "?" + query
	}
	return signed(address, form), true
}
