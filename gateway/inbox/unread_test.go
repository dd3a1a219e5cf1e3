package inbox_test

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
	"bellman/gateway/inbox"
)

// unforeseen is what patients write besides the words that a machine may act on.
var unforeseen = []string{
	"", " ", "\n\n", "?", "😀", "👍🏽👍🏽", "🤷‍♀️ dunno", "thanks", "who is this", "I can't breathe", "can you move it to friday pls",
	"cancel my 3pm not the 2pm", "don't cancel", "I need to stop my tablets", "sorry wrong number", "Ga i newid yr apwyntiad?", "לא יכולה לבוא", "لا أستطيع الحضور",
	"我不能来", "не приду", "नहीं आ सकता", "ΔΕΝ ΜΠΟΡΩ", "\u202eemoc t'nac", "</Message><Message>hi</Message>", "<script>alert(1)</script>", "{{.Name}} ${x} %s %n",
	"'; DROP TABLE replies; --", "\x1b[2J\x1b[31mred", "a\x00b", strings.Repeat("help me ", 200), strings.Repeat("ẅ", 1600), "http://example.org/unsubscribe?all=1",
}

// anything gives a form of a text that nobody foresaw: one of the above, or a mixture
// of them, or a picture without words.
func anything(r *rand.Rand, n int, id string) (form url.Values, words string) {
	words = unforeseen[r.IntN(len(unforeseen))]
	if r.IntN(3) == 0 {
		words += " " + unforeseen[r.IntN(len(unforeseen))]
	}
	if text := []rune(words); len(text) > 1600 {
		words = string(text[:1600])
	}
	got := text(n, fromRiverside, words, id)
	if r.IntN(10) == 0 {
		words = ""
		got.Del("Body")
		got.Set("NumMedia", "1")
		got.Set("MediaUrl0", "https://api.twilio.com/media/ME1")
		got.Set("MediaContentType0", "image/jpeg")
	}
	return got, words
}

func TestFiveHundredRepliesOfAnyKindAreFiveHundredRowsForAPersonAndOneAnswerANumberAndDay(t *testing.T) {
	s := newStage(t)
	const replies, numbers, seed = 500, 37, 5
	r := rand.New(rand.NewPCG(seed, replies))
	sent := map[string]string{}
	var mu sync.Mutex
	answers := map[string][]string{}
	forms := make(chan url.Values, replies)
	for i := range replies {
		form, words := anything(r, r.IntN(numbers), sid(i))
		forms <- form
		sent[sid(i)] = words
	}
	close(forms)
	var patients sync.WaitGroup
	for range 8 {
		patients.Go(func() {
			for form := range forms {
				got := s.post(inbox.InboundPath, form)
				if got.status != http.StatusOK {
					t.Errorf("a reply is answered with %d", got.status)
				}
				if strings.Contains(got.body, "<Message>") {
					mu.Lock()
					answers[form.Get("From")] = append(answers[form.Get("From")], got.body)
					mu.Unlock()
				}
			}
		})
	}
	patients.Wait()
	rows := s.replies(riverside)
	if len(rows) != replies {
		t.Errorf("%d rows", len(rows))
	}
	waiting, asking := 0, map[string]bool{}
	for _, row := range rows {
		words, ok := sent[row.MessageID]
		if !ok || row.Text != gateway.NewText(words) || row.Damaged || row.Open() != row.Kind.NeedsPerson() {
			t.Errorf("%s is kept otherwise than it was written (%s, open %v)", row.MessageID, row.Kind, row.Open())
		}
		if row.Open() {
			waiting++
			asking[row.From.LastThree()] = true
		}
	}
	if len(answers) != len(asking) || waiting < replies*9/10 {
		t.Errorf("%d of %d numbers were answered; %d replies wait for a person", len(answers), len(asking), waiting)
	}
	for _, got := range answers { // one to free words, one to what looks like STOP, one to "wrong number"
		if slices.Sort(got); len(slices.Compact(slices.Clone(got))) != len(got) || len(got) > 3 {
			t.Errorf("a number got %d answers in a day, or one twice", len(got))
		}
	}
	if got := must(s.memory.Unread(t.Context(), []gateway.ODS{riverside}))[riverside]; got.Replies != waiting || !got.Oldest.Equal(friday) {
		t.Errorf("%d are counted as waiting since %s", got.Replies, got.Oldest)
	}
}

// killed posts a text to a door whose process dies before it answers.
func (s *stage) killed(form url.Values) {
	s.t.Helper()
	form.Set("AccountSid", twiliosim.DefaultAccount)
	req := must(http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.door+inbox.InboundPath, strings.NewReader(form.Encode())))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Signature", sign(twiliosim.DefaultToken, s.door+inbox.InboundPath, form))
	if res, err := http.DefaultClient.Do(req); err == nil {
		_ = res.Body.Close()
		s.t.Errorf("a door whose process died answered %d", res.StatusCode)
	}
}

func TestADeathBetweenKeepingAReplyAndAnsweringItLosesNone(t *testing.T) {
	s := newStage(t)
	const replies = 60
	words := []string{"", "I can't breathe 😀", strings.Repeat("ẅ", 1600), "cancel my 3pm not the 2pm"}
	const nowhere, unkept, unanswered = 0, 1, 2
	var dies atomic.Int32
	dying := func(where int32) func() error {
		return func() error {
			if dies.Load() == where {
				panic(http.ErrAbortHandler) // the connection ends without an answer, and nothing more is done
			}
			return nil
		}
	}
	s.memory.keeping, s.memory.answering = dying(unkept), dying(unanswered)
	for i := range replies {
		form := text(i, fromRiverside, words[i%len(words)], sid(i))
		if where := int32(i % 3); where != nowhere {
			dies.Store(where)
			s.killed(form)
			dies.Store(nowhere)
		}
		if got := s.post(inbox.InboundPath, form); got.status != http.StatusOK { // the provider tries again
			t.Errorf("brought again, it is answered with %d", got.status)
		}
	}
	again := s.open() // another process, with nothing but what is in Redis
	if got := must(again.Unread(t.Context(), []gateway.ODS{riverside}))[riverside].Replies; got != replies {
		t.Errorf("%d of %d wait for a person", got, replies)
	}
	if rows := must(again.Replies(t.Context(), riverside)); len(rows) != replies {
		t.Errorf("%d rows", len(rows))
	}
}

func TestAReplyThatSomebodyReadIsNotBroughtBackByTheProvidersList(t *testing.T) {
	s := newStage(t)
	s.writes(1, "I can't come")
	row := s.replies(riverside)[0]
	if done := must(s.memory.CloseReply(t.Context(), row.ID(), s.clock.Now(), "Jo Bloggs", gateway.NewText("rang"))); !done {
		t.Fatal("it cannot be closed")
	}
	s.catchUp()
	if rows := s.replies(riverside); len(rows) != 1 || rows[0].Open() || rows[0].By != "Jo Bloggs" {
		t.Error("it waits again, or twice")
	}
	s.emptied()
	s.catchUp()
	rows := s.replies(riverside)
	if len(rows) != 1 || !rows[0].Open() || !rows[0].At.Equal(friday.Add(time.Second)) {
		t.Error("after Redis was emptied the list does not bring it back as open, from when it was written")
	}
}
