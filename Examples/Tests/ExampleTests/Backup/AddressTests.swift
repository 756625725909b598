import Foundation
import Testing

/// How a repository is named, wherever it is.
@Suite struct AddressTests {
  @Test(arguments: [
    ("sftp://", "no name of a host"), ("sftp:///path", "no name of a host"),
    ("sftp://user@/path", "no name of a host"), ("sftp://@host/path", "no name of a user"),
    ("sftp://-oProxyCommand=x/path", "no name of a host"),
    ("sftp://-oProxyCommand=x@host/path", "no name of a user"),
    ("sftp://host", "no path of a folder"), ("sftp://host/", "no path of a folder"),
    ("sftp://host:ssh/path", "\"ssh\" is no port"), ("sftp://host:/path", "\"\" is no port"),
    ("sftp://host:65536/path", "\"65536\" is no port"), ("sftp://::1/path", "needs brackets"),
    ("sftp://me:secret@host/path", "password"), ("sftp://host/a%2", "no path of a folder"),
    ("sftp://host/a%00b", "no path of a folder"), ("rclone:", "names no remote"),
    ("rclone:--config", "names no remote"), ("ftp://host/path", "ftp:// is no kind of place"),
    ("s3://", "no name of a bucket"), ("s3:///folder", "no name of a bucket"),
  ]) func whatIsNoAddressIsSaidSo(address: String, problem: String) throws {
    let scratch = try Scratch()
    let run = try Program(folder: scratch.path).run(["list", address])
    #expect(run.status == 2 && run.errors.contains(problem), "\(run.errors)")
    #expect(run.errors.contains(address), "\(run.errors)")
  }

  @Test func aDirectoryMayBeCalledLikeAnAddress() throws {
    let scratch = try Scratch()
    let program = Program(folder: scratch.path)
    for name in ["./sftp:", "./rclone:x", "a:b"] {
      let run = try program.run(["init", name, "--new-identity", scratch[String(name.suffix(1))]])
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(scratch.exists("rclone:x/cairn") && scratch.exists("a:b/cairn"))
  }

  #if !SFTP
    @Test(arguments: ["sftp://host/path", "rclone:remote:path"])
    func whatWasNotBuiltIsSaidSo(address: String) throws {
      let scratch = try Scratch()
      let run = try Program(folder: scratch.path).run(["list", address])
      #expect(run.status == 2 && run.errors.contains("--traits SFTP"), "\(run.errors)")
    }
  #endif
  #if !S3
    @Test func bucketsThatWereNotBuiltAreSaidSo() throws {
      let scratch = try Scratch()
      let run = try Program(folder: scratch.path).run(["list", "s3://bucket/folder"])
      #expect(run.status == 2 && run.errors.contains("--traits S3"), "\(run.errors)")
    }
  #endif
}
