# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Appliances for chains.sh, which know nothing of chains: Suricata, nginx, squid.

# suricata_start HOST < RULES: an IDS there (scripts/suricata), which sees what comes by eth0;
# what it alerts of is in $W/HOST/fast.log. Its resets go by the host's routes.
suricata_start()
{
	local dir=$W/$1

	cat > "$dir/rules"
	cat > "$dir/suricata.yaml" <<-END
	%YAML 1.1
	---
	default-log-dir: $dir
	outputs:
	  - fast: { enabled: yes, filename: fast.log }
	logging:
	  outputs:
	    - console: { enabled: yes }
	af-packet:
	  - { interface: eth0, threads: 1, cluster-id: 99, cluster-type: cluster_flow, defrag: yes }
	app-layer: { protocols: { http: { enabled: yes } } }
	stream: { checksum-validation: no, midstream: true, memcap: 8mb, reassembly: { memcap: 8mb } }
	flow: { memcap: 8mb, hash-size: 1024, prealloc: 100 }
	host-mode: router
	unix-command: { enabled: no }
	classification-file: /dev/null
	reference-config-file: /dev/null
	END
	exec_at "$1" build/suricata/suricata -c "$dir/suricata.yaml" -S "$dir/rules" \
		--af-packet=eth0 -k none >"$dir/suricata.log" 2>&1 </dev/null &
	disown $!
	wait_for 60 grep -q 'Engine started' "$dir/suricata.log"
}

# nginx_start HOST: it serves $W/HOST/www on port 80 of all addresses; what is asked for
# below /slow/ takes more than a minute, of which the first half a kilobyte comes at once: an
# IDS looks at a request when the client goes on behind it, and a reset is worth nothing where
# the server has sent more meanwhile
nginx_start()
{
	local dir=$W/$1

	mkdir -p "$dir/www/slow"
	echo "$1" > "$dir/www/index.html"
	head -c 40000 /dev/zero | tr '\0' x > "$dir/www/slow/forbidden"
	head -c 2048 /dev/zero > "$dir/www/slow/allowed"
	cat > "$dir/nginx.conf" <<-END
	user root;
	worker_processes 1;
	pid $dir/nginx.pid;
	error_log $dir/nginx.log;
	events { worker_connections 128; }
	http {
		access_log $dir/access.log;
		client_body_temp_path $dir/body;
		proxy_temp_path $dir/proxy;
		fastcgi_temp_path $dir/fastcgi;
		uwsgi_temp_path $dir/uwsgi;
		scgi_temp_path $dir/scgi;
		server {
			listen 80;
			listen [::]:80;
			root $dir/www;
			location /slow/ { limit_rate 512; }
		}
	}
	END
	at "$1" nginx -c "$dir/nginx.conf" >"$dir/nginx-start.log" 2>&1 ||
		fail "nginx: $(cat "$dir/nginx-start.log")"
}

# squid_start HOST IPV4 IPV6: a proxy at port 8080, which asks from these addresses and
# refuses what is called forbidden
squid_start()
{
	local dir=$W/$1/squid

	mkdir -p "$dir"
	chown proxy: "$dir"
	cat > "$dir/squid.conf" <<-END
	http_port 8080
	acl six dst ipv6
	tcp_outgoing_address $3 six
	tcp_outgoing_address $2 !six
	acl forbidden url_regex forbidden
	http_access deny forbidden
	http_access allow all
	cache deny all
	# what a connection of before sends would be in the way of the next look
	client_persistent_connections off
	server_persistent_connections off
	cache_mem 4 MB
	max_filedescriptors 256
	pinger_enable off
	visible_hostname $1
	cache_effective_user proxy
	dns_nameservers 127.0.0.1
	shutdown_lifetime 1 seconds
	workers 1
	pid_filename $dir/squid.pid
	cache_log $dir/squid.log
	access_log stdio:$dir/access.log
	coredump_dir $dir
	netdb_filename none
	END
	exec_at "$1" squid -N -n "$1" -f "$dir/squid.conf" >"$dir/squid-out.log" 2>&1 </dev/null &
	disown $!
	wait_for 60 grep -q 'Accepting HTTP Socket connections' "$dir/squid.log"
}

# fetch HOST ADDRESS PATH [OPTION…]: with curl: the status of the answer, or what went wrong;
# what came is in $W/HOST/fetched
fetch()
{
	local address=$2 status

	[[ $address != *:* ]] || address="[$address]"
	status=$(at "$1" curl -sS -m $((30 * ${SLOW:-1})) -o "$W/$1/fetched" \
		-w '%{http_code}' "${@:4}" "http://$address$3" 2>"$W/$1/curl.log") ||
		status=$(sed -n '1s/curl: ([0-9]*) //p' "$W/$1/curl.log")
	echo "$status"
}
