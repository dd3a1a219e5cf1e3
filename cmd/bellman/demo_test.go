package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

func TestAHeadlessDemoEndsWithItsSummary(t *testing.T) {
	t.Parallel()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--headless", "--for", "8s", "--json"}, strings.NewReader(""), &out, &errOut); code != exitDone {
		t.Fatalf("exit status %d: %s", code, errOut.String())
	}
	var keys map[string]json.RawMessage
	var got summary
	if err := json.Unmarshal(out.Bytes(), &keys); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"read", "planned", "sent", "delivered", "replies", "withheld", "unexplained"} {
		if _, ok := keys[key]; !ok {
			t.Errorf("the summary does not tell %q", key)
		}
	}
	if got.Read != 57 || got.Sent == 0 || got.Delivered > got.Sent || got.Sent > got.Planned || got.Unexplained != 0 {
		t.Errorf("the summary: %+v", got)
	}
	for _, why := range []gateway.Reason{gateway.Deceased, gateway.LeftPractice, gateway.NoMobile, gateway.Landline, gateway.NotAMobile, gateway.MobileUnclear, gateway.Merged} {
		if got.Withheld[why.String()] == 0 {
			t.Errorf("nobody's text was withheld because %s", why.Words())
		}
	}
	if errOut.Len() > 0 {
		t.Errorf("on standard error: %s", errOut.String())
	}
}

func TestADemoForPeopleEndsWithOneLineOfCounts(t *testing.T) {
	t.Parallel()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--headless", "--for", "3s"}, strings.NewReader(""), &out, &errOut); code != exitDone {
		t.Fatalf("exit status %d: %s", code, errOut.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var read, planned, sent, delivered, withheld int
	if _, err := fmt.Sscanf(lines[len(lines)-1], "read %d, planned %d, sent %d, delivered %d, withheld %d", &read, &planned, &sent, &delivered, &withheld); err != nil || read != 57 || withheld == 0 {
		t.Errorf("the last line is %q", lines[len(lines)-1])
	}
}

func TestADemoThatIsEndedAtOnceSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errOut bytes.Buffer
	if code := run(ctx, []string{"demo"}, strings.NewReader(""), &out, &errOut); code != exitFail || errOut.Len() == 0 {
		t.Errorf("exit status %d, %q", code, errOut.String())
	}
}

// browser is a real one, at the demo's page.
type browser struct {
	*stage
	ctx      context.Context
	mu       sync.Mutex
	troubles []string // what its console complained of
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil && path == "" {
			path = p
		}
	}
	if path == "" {
		t.Fatal("this test drives the demo's page in a browser, and there is none: apt install chromium")
	}
	b := &browser{stage: playDemo(t)}
	// The profile is a fresh folder, which chromedp makes and removes.
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.WindowSize(1400, 900))
	for _, flag := range []string{"no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	// Not the test's own context: that ends before the browser can be closed.
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(b.ctx); err != nil { // starts it
		t.Fatalf("start the browser: %v", err)
	}
	complaints := chromedp.Console(b.ctx)
	var listening sync.WaitGroup
	t.Cleanup(func() { cancel(); listening.Wait() })
	listening.Go(func() { b.listen(complaints) })
	b.do("open the page", chromedp.Navigate(b.url), see("#diary .visit"))
	return b
}

func (b *browser) listen(console iter.Seq2[chromedp.ConsoleMessage, error]) {
	for m, err := range console {
		if err != nil {
			return
		}
		if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException {
			b.mu.Lock()
			b.troubles = append(b.troubles, m.Text)
			b.mu.Unlock()
		}
	}
}

// untroubled checks that the browser found nothing wrong with page and script.
func (b *browser) untroubled() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, trouble := range b.troubles {
		b.t.Errorf("the browser complained: %s", trouble)
	}
}

// step is something that a person does with the page, or sees on it.
type step = chromedp.Action[chromedp.Void]

func see(selector string) step { return chromedp.WaitVisible(chromedp.CSS(selector)) }

func press(selector string) step { return chromedp.Click(chromedp.CSS(selector)) }

func (b *browser) do(what string, steps ...step) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v; the page shows:\n%.3000s", what, err, b.words("body"))
	}
}

// ask gives what an action reads from the page.
func ask[T any](b *browser, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("read the page: %v", err)
	}
	return v
}

// words gives the text of the first element that a selector finds.
func (b *browser) words(selector string) string {
	b.t.Helper()
	return ask(b, chromedp.Text(chromedp.CSS(selector)))
}

// book books a visit through the form and waits until the diary shows it as new.
func (b *browser) book(person surgery.Person, seconds string) {
	b.t.Helper()
	was := ask(b, chromedp.Evaluate[string](`document.querySelector("li.visit.fresh")?.id ?? "none"`))
	b.do("book a visit",
		chromedp.SetValue(chromedp.CSS("#book-person"), strconv.Itoa(person.ID)), chromedp.SetValue(chromedp.CSS("#book-seconds"), seconds),
		press(".book button"), see("li.visit.fresh:not(#"+was+")"))
	if got := b.words("li.visit.fresh"); !strings.Contains(got, demoName(person)) {
		b.t.Fatalf("the diary shows another visit as new: %s", got)
	}
}

// demoText is what a text of the demo says.
var demoText = regexp.MustCompile(`^[A-Z][a-z]+, you have an appointment with Riverside Surgery on .* To cancel, reply CANCEL [0-9]{4}\. Reply STOP to stop these texts\.`)

// TestInABrowserATextArrivesIsStoppedAndTheNextIsWithheld is the main job as a
// person sees it.
func TestInABrowserATextArrivesIsStoppedAndTheNextIsWithheld(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	person := b.free(0)
	const phone = "#phone-447700900126 "

	b.book(person, "5")
	b.do("see the text arrive", see(phone+".bubble.reminder"))
	if got := b.words(phone + ".bubble.reminder"); !demoText.MatchString(got) {
		t.Errorf("the text says %q", got)
	}
	b.do("see it in the diary", see("li.visit.fresh .reminder.went"))

	b.do("answer STOP", press(phone+`button[value="STOP"]`), see(phone+".bubble.patient"), see(phone+".bubble.automatic"), see(phone+".optout"))
	if got := b.words(phone + ".optout"); !strings.HasPrefix(got, "Opted out") {
		t.Errorf("the phone is marked %q", got)
	}
	if _, out, err := b.store.OptedOut(t.Context(), demoODS, gateway.NewPhone("+447700900126")); err != nil || !out {
		t.Fatalf("the ledger holds no opt-out: %v", err)
	}

	b.book(person, "5")
	due := time.Now().Add(5 * time.Second)
	b.do("see the next text withheld", see("li.visit.fresh .reminder.withheld"))
	if got := b.words("li.visit.fresh"); !strings.Contains(got, "1 day before not sent: the patient said STOP or what looks like it, or staff recorded an opt-out, or the number is said not to be the patient's") {
		t.Errorf("the second visit shows %q", got)
	}

	b.book(b.free(1), "600")
	b.do("see it wait", see("li.visit.fresh .reminder.waiting"))
	b.do("cancel it", press("li.visit.fresh details.change summary"), press(`li.visit.fresh form[action$="/cancel"] button`),
		see("li.visit.fresh.cancelled .reminder.withheld"))
	if got := b.words("li.visit.fresh"); !strings.Contains(got, "1 day before not sent: the appointment is no longer in the diary") {
		t.Errorf("the cancelled visit shows %q", got)
	}

	const other = "#phone-447700900128 "
	b.book(b.free(2), "5")
	b.do("answer with the code", see(other+".bubble.reminder .code button"), press(other+".bubble.reminder .code button"), see(other+".bubble.answer"))
	if got := b.words(other + ".bubble.answer"); !strings.Contains(got, "is cancelled, as you asked") {
		t.Errorf("whoever answered with the code reads %q", got)
	}
	v := b.sees("the visit off the diary", func(v demoView) bool {
		return slices.ContainsFunc(v.Days, func(d demoDay) bool {
			return slices.ContainsFunc(d.Visits, func(x demoVisit) bool { return x.Person.ID == b.free(2).ID && x.Cancelled })
		})
	})
	if !slices.ContainsFunc(v.Events, func(e demoEvent) bool { return strings.Contains(e.Words, "confirmed that it is cancelled") }) {
		t.Error("the page does not tell of it")
	}

	time.Sleep(time.Until(due.Add(2 * time.Second))) // the second text's time has passed
	texts := 0
	for _, got := range b.twilio.Phone("+447700900126") {
		if !got.Automatic {
			texts++
		}
	}
	if texts != 1 {
		t.Errorf("%d texts of the surgery came to the phone, want the one before STOP", texts)
	}
	if v := b.state(); v.Counts.Unexplained != 0 {
		t.Errorf("%d reminders cannot be explained", v.Counts.Unexplained)
	}
	b.untroubled()
	b.quiet()
}

// TestWhatIsHalfWrittenSurvivesThePagesRenewal types as a person does, with the
// keyboard alone, while the page renews itself every second.
func TestWhatIsHalfWrittenSurvivesThePagesRenewal(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.do("see a text arrive", see("article.phone .bubble.reminder"))
	phone := "#" + ask(b, chromedp.Evaluate[string](`document.querySelector("article.phone").id`))
	field := chromedp.CSS(phone + "-body")
	before := b.state().Counts.Delivered
	b.do("write half an answer", chromedp.Focus(field), chromedp.KeyEvent("I am on "))
	b.sees("another text", func(v demoView) bool { return v.Counts.Delivered > before })
	time.Sleep(1500 * time.Millisecond) // the page has asked since
	b.do("write the other half", chromedp.KeyEvent("my way"))
	if got := ask(b, chromedp.Value(field)); got != "I am on my way" {
		t.Fatalf("the field holds %q", got)
	}
	b.do("send it", chromedp.KeyEvent(kb.Enter), see(phone+" .bubble.patient"), see(phone+" .bubble.answer"))
	if got := b.words(phone + " .bubble.patient"); !strings.Contains(got, "I am on my way") {
		t.Errorf("the phone shows %q", got)
	}
	if got := ask(b, chromedp.Value(field)); got != "" {
		t.Errorf("the field still holds %q", got)
	}
	b.untroubled()
}

// unreadable finds text whose contrast with its background is below 4.5 (WCAG 2.2,
// 1.4.3 AA), and fields without a label.
const unreadable = `(() => {
  const rgb = (s) => s.match(/[\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const out = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) out.push(e.tagName + "." + e.className + " " + ratio.toFixed(2));
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]), select")) {
    if (!e.labels.length) out.push(e.id + " has no label");
  }
  return [...new Set(out)];
})()`

func TestThePageFitsAPhoneAndADeskAndCanBeReadByEverybody(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.do("see a text arrive", see("article.phone .bubble.reminder"), press(`article.phone button[value="STOP"]`), see(".optout"))
	ask(b, chromedp.Evaluate[int](`[...document.querySelectorAll("details")].map((d) => { d.open = true; }).length`))
	for _, width := range []int64{320, 400, 800, 1400} {
		b.do("make the window narrow", chromedp.EmulateViewport(width, 900))
		if wide := ask(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > width {
			t.Errorf("at %d pixels the page is %d wide", width, wide)
		}
		for _, wrong := range ask(b, chromedp.Evaluate[[]string](unreadable)) {
			t.Errorf("at %d pixels: %s", width, wrong)
		}
	}
	b.untroubled()
}
