"""The first schema: agents, workers, discs, titles, seasons, episodes, jobs, VLC commands.

Frozen: never imports the models. docs/schema.md explains the tables.
"""

import peewee as pw
from peewee_migrate import Migrator

NOW: list[pw.Node] = [pw.Default("CURRENT_TIMESTAMP")]
ZERO: list[pw.Node] = [pw.Default(0)]
NO: list[pw.Node] = [pw.Default("FALSE")]
YES: list[pw.Node] = [pw.Default("TRUE")]


def migrate(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Create all tables, parents before children."""
    agent = create_agents(migrator, database)
    worker = create_workers(migrator, agent)
    season = create_seasons(migrator)
    disc = create_discs(migrator, agent, season)
    create_jobs(migrator, disc, worker)
    create_vlc_commands(migrator)
    if isinstance(database, pw.PostgresqlDatabase):
        # agents → jobs → discs → agents is a cycle; SQLite accepts the reference in advance.
        migrator.sql(
            "ALTER TABLE agents ADD CONSTRAINT agents_current_job_id_fkey"
            " FOREIGN KEY (current_job_id) REFERENCES jobs (job_id) ON DELETE SET NULL"
        )


def rollback(migrator: Migrator, database: pw.Database, *, fake: bool = False) -> None:
    """Drop all tables, children before parents."""
    for table in (
        "vlc_commands",
        "jobs",
        "titles",
        "discs",
        "tv_episodes",
        "tv_seasons",
        "workers",
        "agents",
    ):
        migrator.remove_model(table, cascade=True)


def index(name, model, *columns, unique=False, where=None):
    """Give the model an index with a name that we choose."""
    made = model.index(*columns, unique=unique, name=name)
    model.add_index(made.where(where) if where is not None else made)


def one_of(column, name, *values):
    """A CHECK that a column has one of these values."""
    return pw.Check(f"{column} IN ({', '.join(repr(value) for value in values)})", name)


def create_agents(migrator, database):
    forward: list[pw.Node] = []
    if isinstance(database, pw.SqliteDatabase):
        forward = [pw.SQL("REFERENCES jobs (job_id) ON DELETE SET NULL")]

    class Agent(pw.Model):
        agent_id = pw.CharField(max_length=100, primary_key=True)
        name = pw.TextField()
        status = pw.CharField(max_length=20, constraints=[pw.Default("'online'")])
        capabilities = pw.JSONField()
        current_job_id = pw.CharField(
            max_length=36,
            null=True,
            constraints=forward,
        )
        last_heartbeat = pw.DateTimeField(constraints=NOW)
        registered_at = pw.DateTimeField(constraints=NOW)

        class Meta:
            table_name = "agents"
            constraints = [one_of("status", "agents_status", "online", "offline", "busy")]  # noqa: RUF012

    index("idx_agents_status", Agent, Agent.status)
    return migrator.create_model(Agent)


def create_workers(migrator, agent_model):
    class Worker(pw.Model):
        worker_id = pw.CharField(max_length=100, primary_key=True)
        worker_type = pw.CharField(max_length=20)
        hostname = pw.TextField()
        agent = pw.ForeignKeyField(
            agent_model, column_name="agent_id", null=True, index=False, on_delete="SET NULL"
        )
        capabilities = pw.JSONField()
        priority = pw.IntegerField(constraints=[pw.Default(50)])
        priority_set_by_operator = pw.BooleanField(constraints=NO)
        enabled = pw.BooleanField(constraints=YES)
        status = pw.CharField(max_length=20, constraints=[pw.Default("'available'")])
        current_jobs = pw.JSONField()
        last_heartbeat = pw.DateTimeField(constraints=NOW)
        registered_at = pw.DateTimeField(constraints=NOW)
        total_jobs_completed = pw.IntegerField(constraints=ZERO)
        avg_transcode_time_seconds = pw.DoubleField(constraints=ZERO)
        cpu_usage = pw.DoubleField(null=True)
        gpu_usage = pw.DoubleField(null=True)

        class Meta:
            table_name = "workers"
            constraints = [  # noqa: RUF012
                one_of("status", "workers_status", "available", "busy", "offline"),
                one_of("worker_type", "workers_type", "agent", "remote", "server"),
                pw.Check("priority BETWEEN 1 AND 99", "workers_priority"),
            ]

    index("idx_workers_status", Worker, Worker.status)
    index("idx_workers_priority", Worker, Worker.priority)
    index("idx_workers_agent", Worker, Worker.agent)
    return migrator.create_model(Worker)


def create_seasons(migrator):
    class TVSeason(pw.Model):
        season_id = pw.TextField(primary_key=True)
        show_name = pw.TextField()
        season_number = pw.IntegerField()
        thetvdb_series_id = pw.IntegerField(null=True)
        last_episode_assigned = pw.IntegerField(constraints=ZERO)
        disc_ids = pw.JSONField()
        last_disc_name = pw.TextField(null=True)
        created_at = pw.DateTimeField(constraints=NOW)
        updated_at = pw.DateTimeField(constraints=NOW)

        class Meta:
            table_name = "tv_seasons"

    index(
        "uq_tv_seasons_show_season",
        TVSeason,
        TVSeason.show_name,
        TVSeason.season_number,
        unique=True,
    )
    index("idx_tv_seasons_show", TVSeason, TVSeason.show_name)
    season = migrator.create_model(TVSeason)

    class TVEpisode(pw.Model):
        season = pw.ForeignKeyField(
            TVSeason, column_name="season_id", index=False, on_delete="CASCADE"
        )
        episode_number = pw.IntegerField()
        episode_name = pw.TextField()
        season_number = pw.IntegerField()
        runtime = pw.IntegerField(null=True)
        overview = pw.TextField(null=True)

        class Meta:
            table_name = "tv_episodes"

    index(
        "uq_tv_episodes_number", TVEpisode, TVEpisode.season, TVEpisode.episode_number, unique=True
    )
    index("idx_tv_episodes_season", TVEpisode, TVEpisode.season)
    migrator.create_model(TVEpisode)
    return season


def create_discs(migrator, agent_model, season_model):
    class Disc(pw.Model):
        disc_id = pw.CharField(max_length=36, primary_key=True)
        agent = pw.ForeignKeyField(agent_model, column_name="agent_id", index=False)
        drive = pw.TextField()
        disc_name = pw.TextField()
        disc_type = pw.TextField(constraints=[pw.Default("'Unknown'")])
        fingerprint = pw.CharField(max_length=64)
        detected_at = pw.DateTimeField(constraints=NOW)
        status = pw.CharField(max_length=20, constraints=[pw.Default("'detected'")])
        media_type = pw.CharField(max_length=20, constraints=[pw.Default("'unknown'")])
        preview_status = pw.CharField(max_length=20, constraints=[pw.Default("'pending'")])
        tv_show_name = pw.TextField(null=True)
        tv_season_number = pw.IntegerField(null=True)
        tv_season = pw.ForeignKeyField(
            season_model,
            column_name="tv_season_id",
            object_id_name="tv_season_id",
            null=True,
            index=False,
            on_delete="SET NULL",
        )
        thetvdb_series_id = pw.IntegerField(null=True)
        starting_episode_number = pw.IntegerField(null=True)
        movie_title = pw.TextField(null=True)
        movie_year = pw.IntegerField(null=True)
        omdb_imdb_id = pw.CharField(max_length=20, null=True)
        movie_confidence = pw.DoubleField(constraints=ZERO)

        class Meta:
            table_name = "discs"
            constraints = [  # noqa: RUF012
                one_of("status", "discs_status", "detected", "ripping", "completed", "ejected"),
                one_of("media_type", "discs_media_type", "movie", "tv_show", "unknown"),
                one_of("preview_status", "discs_preview_status", "pending", "approved", "rejected"),
            ]

    index("idx_discs_agent", Disc, Disc.agent)
    index("idx_discs_status", Disc, Disc.status)
    index("idx_discs_preview_status", Disc, Disc.preview_status)
    index("idx_discs_tv_season", Disc, Disc.tv_season)
    index("idx_discs_fingerprint", Disc, Disc.fingerprint)
    index("idx_discs_newest", Disc, Disc.detected_at, Disc.disc_id)
    index(
        "uq_discs_live_drive",
        Disc,
        Disc.agent,
        Disc.drive,
        unique=True,
        where=Disc.status != "ejected",
    )
    disc = migrator.create_model(Disc)
    create_titles(migrator, disc)
    return disc


def create_titles(migrator, disc_model):
    class Title(pw.Model):
        disc = pw.ForeignKeyField(
            disc_model, column_name="disc_id", index=False, on_delete="CASCADE"
        )
        title_index = pw.IntegerField()
        name = pw.TextField()
        duration_seconds = pw.IntegerField()
        size_bytes = pw.BigIntegerField()
        chapters = pw.IntegerField(constraints=ZERO)
        selected = pw.BooleanField(constraints=NO)
        is_extra = pw.BooleanField(constraints=NO)
        proposed_filename = pw.TextField(null=True)
        proposed_path = pw.TextField(null=True)
        episode_number = pw.IntegerField(null=True)
        episode_title = pw.TextField(null=True)
        confidence_score = pw.DoubleField(constraints=ZERO)
        thumbnail_timestamps = pw.JSONField()

        class Meta:
            table_name = "titles"
            constraints = [  # noqa: RUF012
                pw.Check("duration_seconds >= 0", "titles_duration"),
                pw.Check("size_bytes >= 0", "titles_size"),
            ]

    index("uq_titles_index", Title, Title.disc, Title.title_index, unique=True)
    index("idx_titles_disc", Title, Title.disc)
    index("idx_titles_selected", Title, Title.selected)
    migrator.create_model(Title)


def create_jobs(migrator, disc_model, worker_model):
    class Job(pw.Model):
        job_id = pw.CharField(max_length=36, primary_key=True)
        job_type = pw.CharField(max_length=20)
        status = pw.CharField(max_length=20)
        priority = pw.IntegerField(constraints=ZERO)
        disc = pw.ForeignKeyField(
            disc_model, column_name="disc_id", null=True, index=False, on_delete="SET NULL"
        )
        title_index = pw.IntegerField(null=True)
        input_file = pw.TextField(null=True)
        output_name = pw.TextField(null=True)
        output_file = pw.TextField(null=True)
        preset = pw.TextField(null=True)
        assigned_agent_id = pw.CharField(max_length=100, null=True)
        assigned_worker = pw.ForeignKeyField(
            worker_model,
            column_name="assigned_worker_id",
            null=True,
            index=False,
            on_delete="SET NULL",
        )
        assigned_at = pw.DateTimeField(null=True)
        requires_approval = pw.BooleanField(constraints=NO)
        source_disc_name = pw.TextField(null=True)
        input_file_size = pw.BigIntegerField(null=True)
        thumbnail_timestamps = pw.JSONField()
        progress = pw.DoubleField(constraints=ZERO)
        error = pw.TextField(null=True)
        created_at = pw.DateTimeField(constraints=NOW)
        started_at = pw.DateTimeField(null=True)
        completed_at = pw.DateTimeField(null=True)

        class Meta:
            table_name = "jobs"
            constraints = [  # noqa: RUF012
                one_of("job_type", "jobs_type", "rip", "transcode", "organize"),
                one_of(
                    "status",
                    "jobs_status",
                    "pending",
                    "queued",
                    "assigned",
                    "running",
                    "completed",
                    "failed",
                    "cancelled",
                ),
                pw.Check("progress BETWEEN 0 AND 100", "jobs_progress"),
            ]

    index("idx_jobs_status", Job, Job.status, Job.created_at, Job.job_id)
    index("idx_jobs_type", Job, Job.job_type, Job.status, Job.requires_approval)
    index("idx_jobs_approval", Job, Job.requires_approval, Job.status)
    index("idx_jobs_agent", Job, Job.assigned_agent_id, Job.status)
    index("idx_jobs_worker", Job, Job.assigned_worker, Job.status)
    index("idx_jobs_disc", Job, Job.disc, Job.job_type, Job.status)
    index("idx_jobs_newest", Job, Job.created_at, Job.job_id)
    index(
        "uq_jobs_rip",
        Job,
        Job.disc,
        Job.title_index,
        unique=True,
        where=(Job.job_type == "rip") & Job.status.not_in(["failed", "cancelled"]),
    )
    index(
        "idx_jobs_upload_errors",
        Job,
        Job.status,
        Job.completed_at,
        Job.job_id,
        where=Job.error.is_null(False),
    )
    migrator.create_model(Job)


def create_vlc_commands(migrator):
    class VLCCommand(pw.Model):
        command_id = pw.CharField(max_length=36, primary_key=True)
        agent_id = pw.CharField(max_length=100)
        file_path = pw.TextField()
        fullscreen = pw.BooleanField(constraints=YES)
        status = pw.CharField(max_length=20, constraints=[pw.Default("'pending'")])
        error = pw.TextField(null=True)
        created_at = pw.DateTimeField(constraints=NOW)
        sent_at = pw.DateTimeField(null=True)
        completed_at = pw.DateTimeField(null=True)

        class Meta:
            table_name = "vlc_commands"
            constraints = [  # noqa: RUF012
                one_of("status", "vlc_commands_status", "pending", "sent", "completed", "failed")
            ]

    index("idx_vlc_commands_agent", VLCCommand, VLCCommand.agent_id, VLCCommand.status)
    migrator.create_model(VLCCommand)
