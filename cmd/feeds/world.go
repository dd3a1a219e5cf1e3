package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"bellman/adapters/emis/emissim"
	"bellman/adapters/fhir/fhirsim"
	"bellman/adapters/surgery"
	"bellman/adapters/tpp/tppsim"
	"bellman/adapters/twilio/twiliosim"
	"bellman/gateway"
)

// The credentials of the simulated systems. They open nothing.
const (
	client = "bellman"
	secret = "simulated"
	device = "00aa11bb22cc33dd"
)

// place is where the simulated systems are: one address for all EMIS, each practice
// under its code, and one of its own for each other.
type place struct {
	Base    string
	Sockets map[string]string
}

// playWorld simulates the systems of all practices until it is killed.
func playWorld() {
	flags := flag.NewFlagSet("world", flag.ExitOnError)
	practices := flags.Int("practices", 0, "")
	visits := flags.Int("visits", 0, "")
	_ = flags.Parse(os.Args[2:])
	clock := gateway.ClockFunc(time.Now)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	at := place{Base: "http://" + l.Addr().String(), Sockets: map[string]string{}}
	mux := http.NewServeMux()
	mux.Handle("/twilio/", http.StripPrefix("/twilio", twiliosim.New(twiliosim.Options{Clock: clock})))
	for n := range *practices {
		d := diaryOf(n, *visits, clock)
		switch p := "/" + code(n); system(n) {
		case "emis":
			mux.Handle(p+"/", http.StripPrefix(p, emissim.New(d, emissim.Options{
				Clock: clock, ClientID: client, ClientSecret: secret, ApplicationID: client, Organisation: code(n),
			})))
		case "fhir":
			at.Sockets[code(n)] = own(fhirsim.New(d, clock))
		case "tpp":
			sim := tppsim.New(d, tppsim.Options{Clock: clock, APIKey: secret, Organisation: code(n), Throttle: time.Second, Devices: []string{device}})
			address, err := sim.Start()
			if err != nil {
				panic(err)
			}
			at.Sockets[code(n)] = address
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(at); err != nil {
		panic(err)
	}
	panic(http.Serve(l, mux))
}

// own serves a system at an address of its own: a FHIR server's links name the
// address that it was asked at.
func own(h http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() { panic(http.Serve(l, h)) }()
	return l.Addr().String()
}

// diaryOf makes a practice with visits twelve days ahead: within what is read,
// and before any reminder is due.
func diaryOf(n, visits int, clock gateway.Clock) *surgery.Diary {
	d := surgery.New(clock)
	day := clock.Now().Truncate(time.Hour).AddDate(0, 0, 12)
	for i := range visits {
		id := d.Register(surgery.Person{
			Title: "Ms", Given: "Carys", Family: "Holt", NHSNumber: surgery.NHSNumber(n%700*100 + i), Born: time.Date(1950, 1, 1+i%28, 0, 0, 0, 0, time.UTC),
			Mobile: fmt.Sprintf("07700 900%03d", (n*visits+i)%1000),
		})
		d.Book(surgery.Visit{Person: id, Start: day.Add(time.Duration(i) * 10 * time.Minute), Site: 5, Mode: gateway.ModeInPerson})
	}
	return d
}
