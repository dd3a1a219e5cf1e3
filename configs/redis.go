package configs

import (
	"net/url"
	"strconv"
	"strings"
)

// embedded is the word for an own redis-server.
const embedded = "embedded"

const redisForm = "must be embedded, unix:///path/of/socket, or rediss://user:password@host:port/0 with further nodes of a cluster after commas; write # , / ? @ in a password as %23 %2C %2F %3F %40"

// redisURL looks at redis.url and gives it with the scheme before every node.
// The problem never holds a part of it.
func redisURL(raw string, mode Mode) (whole, problem string) {
	switch {
	case raw == "":
		return "", "is missing: write embedded for a Redis of Bellman's own, or rediss://user:password@host:port/0"
	case raw == embedded:
		return raw, ""
	}
	nodes := strings.Split(raw, ",")
	scheme, _, _ := strings.Cut(strings.TrimSpace(nodes[0]), "://")
	for i, node := range nodes {
		node = strings.TrimSpace(node)
		if i > 0 && !strings.Contains(node, "://") {
			node = scheme + "://" + node
		}
		u, err := url.Parse(node)
		switch {
		case err != nil:
			return "", redisForm
		case u.Scheme != scheme:
			return "", "has nodes that are not alike: write the scheme once, then host:port after each comma"
		}
		if problem := redisNode(u, len(nodes) > 1, mode); problem != "" {
			return "", problem
		}
		nodes[i] = node
	}
	return strings.Join(nodes, ","), ""
}

func redisNode(u *url.URL, cluster bool, mode Mode) string {
	if u.Scheme == "unix" {
		if cluster || !strings.HasPrefix(u.Path, "/") || u.Host != "" {
			return redisForm
		}
		return ""
	}
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
