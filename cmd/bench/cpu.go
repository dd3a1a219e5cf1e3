package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// spent is the processor time, in seconds, of the three processes that take part
// in sending.
type spent struct{ ours, redis, twilio float64 }

// spentBy reads what each process has used until now.
func spentBy(ctx context.Context, r *server, twilio int) spent {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return spent{float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9, r.cpu(ctx), processCPU(twilio)}
}

// each gives the microseconds a text since before.
func (s spent) each(before spent, n int) spent {
	us := func(a, b float64) float64 { return (a - b) * 1e6 / float64(n) }
	return spent{us(s.ours, before.ours), us(s.redis, before.redis), us(s.twilio, before.twilio)}
}

func (s spent) String() string {
	return fmt.Sprintf("%.0f ours, %.0f Redis, %.0f Twilio's double", s.ours, s.redis, s.twilio)
}

// cpu gives the seconds of processor time that Redis has used.
func (s *server) cpu(ctx context.Context) float64 {
	info, _ := s.rdb.Info(ctx, "cpu").Result()
	sum := 0.0
	for line := range strings.SplitSeq(info, "\r\n") {
		for _, field := range []string{"used_cpu_sys:", "used_cpu_user:"} {
			if v, ok := strings.CutPrefix(line, field); ok {
				n, _ := strconv.ParseFloat(v, 64)
				sum += n
			}
		}
	}
	return sum
}

// processCPU gives the seconds of processor time of another process, as Linux
// counts them, in hundredths; 0 on other systems.
func processCPU(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100
}
