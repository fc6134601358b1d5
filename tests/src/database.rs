//! The database of `examples/mysql-on-s3` in a scene: rows, and a checksum over all of them.
//! Must not know how it is backed up.

use crate::scene::{Error, Scene};

/// A MariaDB server in a scene.
#[derive(Debug)]
pub struct Database<'a> {
    scene: &'a Scene,
    pod: String,
}

impl<'a> Database<'a> {
    /// Deploys the server and waits until it answers.
    pub async fn deploy(scene: &'a Scene) -> Result<Self, Error> {
        scene.apply("examples/mysql-on-s3/database.yaml", &[]).await?;
        let pod = scene.pod("mysql").await?;
        Ok(Self { scene, pod })
    }

    /// Makes a table with as many rows.
    pub async fn fill(&self, rows: usize) -> Result<(), Error> {
        self.sql(&format!(
            "CREATE DATABASE shop; USE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY, note VARCHAR(512)); \
             INSERT INTO shop.orders SELECT seq, REPEAT(MD5(seq), 12) FROM seq_1_to_{rows}"
        ))
        .await?;
        Ok(())
    }

    /// Count and checksum of the rows, over every column.
    pub async fn sum(&self) -> Result<String, Error> {
        self.sql("SELECT COUNT(*), BIT_XOR(CRC32(CONCAT_WS('|', id, note))) FROM shop.orders")
            .await
    }

    /// Drops it all.
    pub async fn drop(&self) -> Result<(), Error> {
        self.sql("DROP DATABASE shop").await?;
        Ok(())
    }

    /// Runs statements and returns what they print.
    pub async fn sql(&self, statements: &str) -> Result<String, Error> {
        let script = "MYSQL_PWD=\"$MARIADB_ROOT_PASSWORD\" exec mysql --user=root --batch --skip-column-names --execute \"$0\"";
        self.scene.shell(&self.pod, script, statements).await
    }
}
