/** Configurations of the tests' mail server: Dovecot 2.3 and Exim 4 without any privilege, files below one folder. */
import type { MailServerOptions } from './server.ts';

export interface MailPlaces {
  folder: string;
  user: string;
  group: string;
  uid: number;
  gid: number;
  imap: { port: number; securePort: number };
  smtp: { port: number; securePort: number };
}

/** What Dovecot offers after login, IDLE left out: everything else as it is. */
const WITHOUT_IDLE =
  'IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE LITERAL+ SORT THREAD=REFERENCES MULTIAPPEND UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED CONDSTORE ESEARCH SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE QUOTA SPECIAL-USE';

export function dovecotConfig(places: MailPlaces, { idle = true, quota }: MailServerOptions): string {
  const { folder, user, group, imap } = places;
  const plugins = quota === undefined ? '' : 'quota';
  return `
base_dir = ${folder}/run/dovecot
state_dir = ${folder}/state
log_path = ${folder}/log/dovecot.log
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
auth_cache_size = 0
mail_location = maildir:${folder}/mail/%u
mail_max_userip_connections = 200
maildir_stat_dirs = yes
first_valid_uid = 1
first_valid_gid = 1
${idle ? '' : `imap_capability = ${WITHOUT_IDLE}`}
mail_plugins = ${plugins}
protocol imap {
  mail_plugins = ${plugins} ${plugins && 'imap_quota'}
}
plugin {
  ${quota === undefined ? '' : `quota = maildir:User quota\n  quota_rule = *:storage=${quota}`}
}
namespace inbox {
  inbox = yes
  separator = .
  mailbox Sent {
    auto = create
    special_use = \\Sent
  }
  mailbox Support {
    auto = create
  }
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${folder}/users/%u
}
userdb {
  driver = static
  args = uid=${places.uid} gid=${places.gid} home=${folder}/mail/%u allow_all_users=yes
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  process_min_avail = 1
  inet_listener imap {
    port = ${imap.port}
  }
  inet_listener imaps {
    port = ${imap.securePort}
    ssl = yes
  }
}
`;
}

export function eximConfig({ folder, user, group, smtp }: MailPlaces): string {
  const login = (name: string, prompts: string, who: string, word: string): string => `
${name}:
  driver = plaintext
  public_name = ${name.toUpperCase()}
  ${prompts}
  server_condition = \${if eq{\${lookup{${who}}lsearch{${folder}/logins}}}{${word}}{\${if eq{${word}}{}{no}{yes}}}{no}}
  server_set_id = ${who}
`;
  return `
exim_user = ${user}
exim_group = ${group}
never_users =
primary_hostname = mx.test
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/exim-%slog
pid_file_path = ${folder}/run/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${smtp.port} : ${smtp.securePort}
tls_on_connect_ports = ${smtp.securePort}
tls_advertise_hosts = *
tls_certificate = ${folder}/cert.pem
tls_privatekey = ${folder}/key.pem
deliver_drop_privilege = true
queue_only = false
message_size_limit = 60M
acl_smtp_rcpt = rcpt
acl_smtp_data = data
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 100
smtp_accept_queue_per_connection = 0

begin acl
rcpt:
  deny message = 550 5.1.1 No such mailbox here
       !condition = \${lookup{$local_part@$domain}lsearch{${folder}/mailboxes}{yes}{no}}
  accept
data:
  accept

begin routers
here:
  driver = accept
  address_data = \${lookup{$local_part@$domain}lsearch{${folder}/mailboxes}{$value}fail}
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = $address_data
  create_directory
  delivery_date_add
  envelope_to_add
  return_path_add
  mode = 0600

begin authenticators
${login('plain', 'server_prompts = :', '$auth2', '$auth3')}
${login('login', 'server_prompts = Username:: : Password::', '$auth1', '$auth2')}
`;
}
