//! Servers of protocols for which Debian ships none that would be small enough.

use rcgen::KeyPair;

/// A mail server that takes STARTTLS with this certificate, and says nothing in the clear after it.
pub(crate) fn mail_server(chain: &str, key: &KeyPair) -> u16 {
    use rustls::pki_types::pem::PemObject;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let chain = rustls::pki_types::CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let talk = |acceptor: tokio_rustls::TlsAcceptor, stream: tokio::net::TcpStream| async move {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220-mail.test\r\n220 ESMTP\r\n").await?;
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            match line.as_str() {
                "STARTTLS\r\n" => break,
                _ => stream.write_all(b"250-mail.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n").await?,
            }
            line.clear();
        }
        stream.write_all(b"220 go on\r\n").await?;
        let mut stream = BufReader::new(acceptor.accept(stream.into_inner()).await?);
        line.clear();
        stream.read_line(&mut line).await?;
        stream.write_all(if line.starts_with("EHLO ") { b"250 mail.test\r\n" } else { b"503 who are you\r\n" }).await?;
        stream.read_line(&mut line).await
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(acceptor.clone(), stream));
            }
        });
    });
    port
}

/// A server of gRPC that knows the services `""` and `up` as serving and `down` as not.
pub(crate) fn grpc_server() -> u16 {
    use hyper::body::{Bytes, Frame};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = |request: hyper::Request<hyper::body::Incoming>| async move {
        use http_body_util::{BodyExt, Full};
        assert_eq!((request.uri().path(), request.method().as_str()), ("/grpc.health.v1.Health/Check", "POST"));
        let asked = request.into_body().collect().await?.to_bytes();
        let (health, status): (&[u8], &str) = match asked.get(7..).unwrap_or_default() {
            b"" | b"up" => (b"\0\0\0\0\x02\x08\x01", "0"),
            b"down" => (b"\0\0\0\0\x02\x08\x02", "0"),
            _ => (b"", "5"),
        };
        let trailers: hyper::HeaderMap = [("grpc-status".parse().unwrap(), status.parse().unwrap())].into_iter().collect();
        let body =
            Full::new(Bytes::copy_from_slice(health)).map_frame(|f: Frame<Bytes>| f).with_trailers(async move { Some(Ok(trailers)) });
        Ok::<_, hyper::Error>(hyper::Response::builder().header("content-type", "application/grpc").body(body).unwrap())
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                tokio::spawn(server.serve_connection(TokioIo::new(stream), hyper::service::service_fn(serve)));
            }
        });
    });
    port
}
