package twilio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"github.com/twilio/twilio-go/client"
	openapi "github.com/twilio/twilio-go/rest/api/v2010"

	"bellman/gateway"
)

const (
	// libraryHost is what twilio-go puts before every path. Ours goes in its
	// place, so that neither the library nor its environment variables
	// (TWILIO_REGION, TWILIO_EDGE) choose where patients' numbers go.
	libraryHost = "https://api.twilio.com"
	maxAnswer   = 64 << 10
	maxPage     = 16 << 20
	// maxRetryAfter bounds what an answer may ask us to wait.
	maxRetryAfter = time.Hour
)

// Why an exchange failed. None holds anything from the wire: what callers
// decide on stands in the exchange's fields.
var (
	errNoAnswer  = errors.New("no whole answer from Twilio")
	errNotTaken  = errors.New("no 200 or 201 from Twilio")
	errOtherHost = errors.New("not an address of Twilio's")
)

// exchange is one request to Twilio and what became of it. It is twilio-go's
// client.BaseClient, and made anew for every call: the library knows no context,
// so that the value that it calls must carry it, and it forgets status and
// Retry-After on errors, which this value remembers.
type exchange struct {
	client.BaseClient // nil: the library's other methods are never called

	ctx   context.Context
	via   *Provider
	head  http.Header // shared between exchanges; never written to
	limit int64
	brief bool // only the essence of the answer is looked at

	// connected is set as soon as a connection is ours. Until then not a byte
	// can have left. From then on it might have: looking at WroteHeaders instead
	// would be wrong when the context ends first, since the writing goroutine may
	// still be about to write.
	connected  bool
	status     int // 0: no answer
	code       int // Twilio's error code, 0: none
	retryAfter time.Duration
	reading    gateway.Reading // of Twilio's clock
	dated      bool            // the answer told it
}

// api is the library, speaking through this exchange. The handler is made here
// and not by the library's constructor, which reads the environment.
func (e *exchange) api() *openapi.ApiService {
	return openapi.NewApiService(&client.RequestHandler{Client: e})
}

// AccountSid is what the library puts into paths.
func (e *exchange) AccountSid() string { return e.via.account }

// SendRequest carries out the request that the library has put together. It
// gives an answer only for 200 and 201, whole and in memory, so that the
// connection is free again whatever the library does with it.
func (e *exchange) SendRequest(method, raw string, data url.Values, _ map[string]any, _ ...byte) (*http.Response, error) {
	r, err := e.request(method, raw, data)
	if err != nil {
		return nil, err
	}
	asked := e.via.clock.Now()
	res, err := e.via.transport.RoundTrip(r) // not an http.Client: follows no redirects, and no *url.Error with the address
	if err != nil {
		return nil, errNoAnswer
	}
	e.lookAtTheClock(asked, res.Header)
	body, err := whole(res, e.limit)
	e.status = res.StatusCode
	e.retryAfter = e.via.parseRetryAfter(res.Header.Get("Retry-After"))
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated {
		e.code = errorCode(body)
		return nil, errNotTaken
	}
	if err != nil {
		return nil, errNoAnswer
	}
	if e.brief {
		body = essence(body)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// essence keeps of the answer to a text what is looked at, so that the library
// does not take apart twenty fields of every answer, which costs more than all
// else that is done here. What is not understood is left for the library to
// refuse.
func essence(body []byte) []byte {
	if !gjson.ValidBytes(body) {
		return body
	}
	sid, segments := "null", "null"
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool { // one pass for both
		switch key.Str {
		case "sid":
			sid = value.Raw
		case "num_segments":
			segments = value.Raw
		}
		return true
	})
	return []byte(`{"sid":` + sid + `,"num_segments":` + segments + `}`)
}

func (e *exchange) request(method, raw string, data url.Values) (*http.Request, error) {
	path, ok := strings.CutPrefix(raw, libraryHost)
	if !ok || !strings.HasPrefix(path, "/") {
		return nil, errOtherHost
	}
	ctx := httptrace.WithClientTrace(e.ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { e.connected = true },
	})
	target, form := e.via.base+path, data.Encode()
	var body io.Reader
	if method == http.MethodGet {
		target += "?" + form
	} else {
		body = strings.NewReader(form)
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, errOtherHost // its own words would show the address
	}
	r.Header = e.head
	return r, nil
}

// whole reads an answer to its end, or to the limit, and closes it. An answer
// over the limit is an error; what was read of it is given nevertheless.
func whole(res *http.Response, limit int64) ([]byte, error) {
	defer func() { _ = res.Body.Close() }()
	if n := res.ContentLength; n >= 0 && n <= limit {
		body := make([]byte, n)
		read, err := io.ReadFull(res.Body, body)
		return body[:read], err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, errNoAnswer
	}
	return body, err
}

// errorCode gives the code of Twilio's own JSON error, or 0: a proxy's page, a
// broken body and a code that is not a number all say nothing.
func errorCode(body []byte) int {
	var answer struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return 0
	}
	return answer.Code
}

// parseRetryAfter reads the header in either of its forms, seconds or a date.
func (p *Provider) parseRetryAfter(header string) time.Duration {
	if header == "" {
		return 0
	}
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(p.clock.Now())
	}
	return min(max(wait, 0), maxRetryAfter)
}
