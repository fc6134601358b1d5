#!/bin/bash
# Starts MariaDB. Where there is no database yet, makes one whose root has the password of the environment.
set -euo pipefail
data=/var/lib/mysql
new=$data/.new

if [ ! -d "$data/mysql" ]; then
    password=${MARIADB_ROOT_PASSWORD:-${MYSQL_ROOT_PASSWORD:-}}
    database=${MARIADB_DATABASE:-${MYSQL_DATABASE:-}}
    if [ -z "$password" ]; then
        echo "MARIADB_ROOT_PASSWORD is not set" >&2
        exit 1
    fi
    password=${password//\\/\\\\}
    password=${password//\'/\\\'}
    [ "$(id -u)" != 0 ] || chown mysql:mysql "$data"
    # What was left by an attempt that was killed.
    rm -rf "$new"
    # The accounts are still a plain table at this time. One statement a line.
    {
        echo "UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '\$.plugin', 'mysql_native_password', '\$.authentication_string', PASSWORD('$password')) WHERE User = 'root';"
        echo "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';"
        echo "INSERT INTO mysql.global_priv SELECT '%', User, Priv FROM mysql.global_priv WHERE User = 'root' AND Host = 'localhost';"
        [ -z "$database" ] || echo "CREATE DATABASE IF NOT EXISTS \`$database\`;"
    } >/tmp/accounts.sql
    mariadb-install-db --user=mysql --datadir="$new" --skip-test-db \
        --auth-root-authentication-method=normal --extra-file=/tmp/accounts.sql >/tmp/install.log 2>&1 ||
        { cat /tmp/install.log >&2; exit 1; }
    rm /tmp/accounts.sql
    # The folder that says that there is a database comes last.
    find "$new" -mindepth 1 -maxdepth 1 ! -name mysql -exec mv -t "$data" {} +
    mv "$new/mysql" "$data/mysql"
    rmdir "$new"
fi

exec mariadbd --user=mysql --datadir="$data" --bind-address=0.0.0.0 --skip-name-resolve \
    --socket=/run/mysqld/mysqld.sock --pid-file=/run/mysqld/mysqld.pid "$@"
