import CommandSupport

/// The whole command line of this program, as its help shows it.
///
/// It is read without `ArgumentParser`, which links Foundation: 5 MB of code, for which the import of
/// a stream of 6 MB had a peak of 23.9 MiB instead of 21.6 (linked statically; on 2 cores of this VM,
/// 2026-11-22). Nor would options fit it whose order counts, as that of git's does.
extension ProgramSyntax {
  static let fastImport = ProgramSyntax(
    "fast-import",
    abstract: "Keep git histories in an encrypted, deduplicating repository.",
    discussion: """
      Histories come in as git fast-import streams, and go out as such, from which git makes \
      commits of the same ids.

      A repository is a directory. It is opened by an age identity or by a passphrase, named by \
      --identity and --passphrase-file, or else by the environment variables CAIRN_IDENTITY and \
      CAIRN_PASSPHRASE_FILE.

      A snapshot is its name (the newest of that name), the first digits of its id, or "latest".

      The exit status is 0 if everything was done, 1 if it was done but for refs that are named on \
      standard error, and 128 if the stream was refused or anything failed. A command line that \
      makes no sense has 64, but of import 128, as git has.
      """,
    commands: Subcommand.all.map(\.syntax))
}

extension CommandSyntax {
  static let initialize = CommandSyntax(
    "init",
    abstract: "Create a repository that suits histories.",
    discussion: """
      Any repository takes histories, those that backup created too. One that is created here cuts \
      directories into smaller nodes, so that each commit adds less. Other ways in are added by \
      "backup key".
      """,
    operands: [.newRepository], options: [OptionGroup([.newIdentity, .recipient])])

  static let importStream = CommandSyntax(
    "import",
    abstract: "Read a git fast-import stream.",
    discussion: """
      On SIGUSR1, a checkpoint is made behind the command at hand. An import that was interrupted \
      goes on from the last checkpoint: its refs are there, and its marks if they were exported.

      Refs are added to those of the newest snapshot of the same name. Nothing is published before \
      a checkpoint or the end of the stream.

      Otherwise than git does, it refuses a line of more than 1 MiB, a path of more than 256 \
      components, a name of more than 65,535 bytes, and a stream that ends where the data of a \
      file should come.
      """,
    operands: [.repository, .stream],
    options: [
      OptionGroup(OptionSyntax.opening + [.snapshotName]),
      OptionGroup(
        OptionSyntax.ofGit, title: "Options of git fast-import", summary: "options of git"),
      OptionGroup(
        OptionSyntax.ofGitWithoutMeaning,
        title: "Options of git fast-import that change nothing here, as a warning says",
        summary: ""),
    ])

  static let export = CommandSyntax(
    "export",
    abstract: "Write a history to standard output as a git fast-import stream.",
    operands: [.repository, .snapshot], options: [OptionGroup(OptionSyntax.opening + [.refs])])

  static let log = CommandSyntax(
    "log",
    abstract: "List the refs, or the commits that lead to one, the newest first.",
    discussion: "Of a merge, the first parent is followed.",
    operands: [.repository, .snapshot, .optionalRef], options: [OptionGroup(OptionSyntax.opening)])

  static let list = CommandSyntax(
    "ls",
    abstract: "List a directory of a ref's tree.",
    operands: [.repository, .snapshot, .ref, .directory],
    options: [OptionGroup(OptionSyntax.opening)])

  static let concatenate = CommandSyntax(
    "cat",
    abstract: "Write the content of a file in a ref's tree.",
    operands: [.repository, .snapshot, .ref, .file], options: [OptionGroup(OptionSyntax.opening)])
}

extension OperandSyntax {
  static let newRepository = OperandSyntax(
    "repo", help: "A directory; it is made if only its last part is missing.")
  static let repository = OperandSyntax("repo", help: "The repository, a directory.")
  static let stream = OperandSyntax(
    "stream", isRequired: false, help: "A file; standard input if there is none or it is \"-\".")
  static let snapshot = OperandSyntax(
    "snapshot", help: "A name, the first digits of an id, or \"latest\".")
  static let ref = OperandSyntax("ref", help: "A ref.")
  static let optionalRef = OperandSyntax(
    "ref", isRequired: false, help: "A ref; without it, all refs are listed.")
  static let directory = OperandSyntax(
    "path", isRequired: false, help: "A directory; the root by default.")
  static let file = OperandSyntax("path", help: "A file.")
}

extension OptionSyntax {
  static let identity = OptionSyntax(
    "identity", value: "file",
    help: "An age identity file that opens the repository; also from CAIRN_IDENTITY.")
  static let passphraseFile = OptionSyntax(
    "passphrase-file", value: "file",
    help: "A file whose first line is the passphrase; also from CAIRN_PASSPHRASE_FILE.")
  /// What opens a repository.
  static let opening = [identity, passphraseFile]

  static let newIdentity = OptionSyntax(
    "new-identity", value: "file",
    help: "Write a new age identity to this file, which must not exist.")
  static let recipient = OptionSyntax(
    "recipient", value: "age1…", isRepeatable: true, help: "An age recipient; can be repeated.")
  static let snapshotName = OptionSyntax(
    "name", value: "name", help: "What the snapshot is called; \"history\" by default.")
  static let refs = OptionSyntax(
    "refs", value: "ref", isRepeatable: true, help: "A ref, by its whole name; can be repeated.")

  private static let modes = """
    verbatim (which it is by default), warn-verbatim, strip, warn-strip or abort. The modes of git \
    that verify signatures are refused.
    """

  /// Those that ``ImportOptions`` takes.
  static let ofGit = [
    OptionSyntax(
      "date-format", value: "format", help: "raw (by default), raw-permissive, rfc2822 or now."),
    OptionSyntax("done", help: "Refuse a stream that does not end with \"done\"."),
    OptionSyntax("force", help: "Update refs though that loses commits."),
    OptionSyntax("quiet", help: "Print no statistics."),
    OptionSyntax("stats", help: "Print statistics, as it does by default."),
    OptionSyntax(
      "cat-blob-fd", value: "number",
      help: "The file descriptor that replies go to; standard output by default."),
    OptionSyntax("export-marks", value: "file", help: "Write the marks to this file."),
    OptionSyntax(
      "import-marks", value: "file", isRepeatable: true,
      help: "Begin with the marks in this file; can be repeated."),
    OptionSyntax(
      "import-marks-if-exists", value: "file", isRepeatable: true,
      help: "The same, but the file may be missing."),
    OptionSyntax(
      "relative-marks", help: "Files of marks that are named behind this are in <repo>.marks."),
    OptionSyntax("no-relative-marks", help: "Those that are named behind this are not."),
    OptionSyntax(
      "rewrite-submodules-from", value: "name:file", isRepeatable: true,
      help: "The marks that the commits of a submodule have in the stream."),
    OptionSyntax(
      "rewrite-submodules-to", value: "name:file", isRepeatable: true,
      help: "Those that stand for the commits that it gets instead."),
    OptionSyntax(
      "allow-unsafe-features", help: "Let the stream itself name files of marks."),
    OptionSyntax(
      "signed-commits", value: "mode", help: "What becomes of commits' signatures: \(modes)"),
    OptionSyntax("signed-tags", value: "mode", help: "What becomes of tags', the same."),
  ]

  /// Options about packs and memory.
  static let ofGitWithoutMeaning = [
    OptionSyntax("max-pack-size", value: "bytes", help: "Here packs have one size."),
    OptionSyntax("big-file-threshold", value: "bytes", help: "Here no file is held whole."),
    OptionSyntax("depth", value: "number", help: "Here files are not stored as differences."),
    OptionSyntax("active-branches", value: "number", help: "Here no branch holds its tree."),
    OptionSyntax("export-pack-edges", value: "file", help: "Here packs have no edges."),
  ]
}
