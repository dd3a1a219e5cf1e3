package configs

import (
	"net/url"
	"strconv"
	"strings"
)

// embedded is the word for an own redis-server.
const embedded = "embedded"

const redisForm = "must be embedded, unix:///path/of/socket, or rediss://user:password@host:port/0 with further nodes of a cluster after commas; write # / ? @ in a password as %23 %2F %3F %40"

// redisProblem looks at redis.url. What it says never holds a part of it.
func redisProblem(raw string, mode Mode) string {
	switch {
	case raw == "":
		return "is missing: write embedded for a Redis of Bellman's own, or rediss://user:password@host:port/0"
	case raw == embedded:
		return ""
	}
	nodes := strings.Split(raw, ",")
	first, err := url.Parse(strings.TrimSpace(nodes[0]))
	if err != nil {
		return redisForm
	}
	if first.Scheme == "unix" {
		if len(nodes) > 1 || !strings.HasPrefix(first.Path, "/") || first.Host != "" {
			return redisForm
		}
		return ""
	}
	if problem := redisNode(first, mode); problem != "" {
		return problem
	}
	for _, raw := range nodes[1:] {
		raw = strings.TrimSpace(raw)
		if !strings.Contains(raw, "://") {
			raw = first.Scheme + "://" + raw
		}
		node, err := url.Parse(raw)
		if err != nil || node.Scheme != first.Scheme {
			return "has nodes that are not alike: write the scheme once, then host:port after each comma"
		}
		if problem := redisNode(node, mode); problem != "" {
			return problem
		}
	}
	return ""
}

func redisNode(u *url.URL, mode Mode) string {
	database := strings.Trim(u.Path, "/")
	port := u.Port()
	number, err := strconv.ParseUint(port, 10, 16)
	switch {
	case u.Scheme != "redis" && u.Scheme != "rediss", u.Hostname() == "":
		return redisForm
	case port != "" && (err != nil || number == 0):
		return redisForm
	case database != "" && strings.Trim(database, "0123456789") != "":
		return "must end in the number of a database, such as /0, or in nothing"
	case mode == Live && u.Scheme == "redis" && !loopback(u.Hostname()):
		return "must begin with rediss:// in live mode unless Redis is on this machine: the ledger crosses a network"
	}
	return ""
}
