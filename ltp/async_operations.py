"""The operations of the API, for asyncio. Written by `tests/ltp/write_client.py`: change nothing here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Literal, Unpack

from ltp import types
from ltp.async_caller import AsyncCaller
from ltp.calls import Call, FileLike, Saved, new_key, part


class Assistant:
    """Assistant."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def ask(self, **body: Unpack[types.QueryBody]) -> types.QueryAnswer:
        """Answer a question on law, on the documents or on the data set.

        `POST /api/query`
        """
        answer: types.QueryAnswer = await self._caller.json(Call("POST", "/api/query", body=body, key=new_key()))
        return answer

    async def graph(self, *, format: Literal["json", "svg"] | None = None) -> types.AgentsAnswer:
        """Show the agents and who follows whom: as JSON, or as a picture (`format=svg`, or Accept: image/svg+xml).

        `GET /api/agents/graph`
        """
        answer: types.AgentsAnswer = await self._caller.json(Call("GET", "/api/agents/graph", {"format": format}))
        return answer

    def stream(self, **body: Unpack[types.QueryBody]) -> AsyncGenerator[types.RunMessage, None]:
        """The same, word by word: the events of a run, whose `done` has the answer.

        `POST /api/query/stream`
        """
        return self._caller.events(Call("POST", "/api/query/stream", body=body, key=new_key()))


class Automation:
    """Automation."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def add_schedule(self, **body: Unpack[types.ScheduleBody]) -> types.ScheduleAnswer:
        """Have a template run at its times.

        `POST /api/schedules`
        """
        answer: types.ScheduleAnswer = await self._caller.json(Call("POST", "/api/schedules", body=body))
        return answer

    async def add_webhook(self, **body: Unpack[types.WebhookBody]) -> types.NewWebhookAnswer:
        """Have an address told of events, signed; its secret is shown this once.

        `POST /api/webhooks`
        """
        answer: types.NewWebhookAnswer = await self._caller.json(Call("POST", "/api/webhooks", body=body))
        return answer

    async def delete_schedule(self, schedule_id: str) -> types.ScheduleDeletedAnswer:
        """Delete a schedule; its batches stay.

        `DELETE /api/schedules/{schedule_id}`
        """
        answer: types.ScheduleDeletedAnswer = await self._caller.json(
            Call("DELETE", f"/api/schedules/{part(schedule_id)}")
        )
        return answer

    async def delete_template(self, template_name: str) -> types.TemplateDeletedAnswer:
        """Delete a template with all its versions; batches and releases made by it stay.

        `DELETE /api/templates/{template_name}`
        """
        answer: types.TemplateDeletedAnswer = await self._caller.json(
            Call("DELETE", f"/api/templates/{part(template_name)}")
        )
        return answer

    async def delete_webhook(self, webhook_id: str) -> types.WebhookDeletedAnswer:
        """Delete a webhook with its messages.

        `DELETE /api/webhooks/{webhook_id}`
        """
        answer: types.WebhookDeletedAnswer = await self._caller.json(
            Call("DELETE", f"/api/webhooks/{part(webhook_id)}")
        )
        return answer

    async def deliveries(self, webhook_id: str, *, limit: int | None = None) -> types.DeliveriesAnswer:
        """List the messages of a webhook, newest first, with what came of each.

        `GET /api/webhooks/{webhook_id}/deliveries`
        """
        answer: types.DeliveriesAnswer = await self._caller.json(
            Call("GET", f"/api/webhooks/{part(webhook_id)}/deliveries", {"limit": limit})
        )
        return answer

    async def put_template(self, template_name: str, **body: Unpack[types.TemplateBody]) -> types.TemplateAnswer:
        """Keep the next version of a template: what a batch is started with, as JSON or YAML.

        `PUT /api/templates/{template_name}`
        """
        answer: types.TemplateAnswer = await self._caller.json(
            Call("PUT", f"/api/templates/{part(template_name)}", body=body)
        )
        return answer

    async def run_template(self, template_name: str, **body: Unpack[types.TemplateRunBody]) -> types.ChangedAnswer:
        """Start a batch by a template.

        `POST /api/templates/{template_name}/run`
        """
        answer: types.ChangedAnswer = await self._caller.json(
            Call("POST", f"/api/templates/{part(template_name)}/run", body=body)
        )
        return answer

    async def schedule(self, schedule_id: str) -> types.ScheduleAnswer:
        """Return a schedule: when it runs next, and what came of it last.

        `GET /api/schedules/{schedule_id}`
        """
        answer: types.ScheduleAnswer = await self._caller.json(Call("GET", f"/api/schedules/{part(schedule_id)}"))
        return answer

    async def schedules(self) -> types.SchedulesAnswer:
        """List the schedules, oldest first.

        `GET /api/schedules`
        """
        answer: types.SchedulesAnswer = await self._caller.json(Call("GET", "/api/schedules"))
        return answer

    async def template(self, template_name: str, *, version: int | None = None) -> types.TemplateAnswer:
        """Return a version of a template, the newest by default.

        `GET /api/templates/{template_name}`

        Args:
            version: The newest by default.
        """
        answer: types.TemplateAnswer = await self._caller.json(
            Call("GET", f"/api/templates/{part(template_name)}", {"version": version})
        )
        return answer

    async def templates(self) -> types.TemplatesAnswer:
        """List the templates, each in its newest version.

        `GET /api/templates`
        """
        answer: types.TemplatesAnswer = await self._caller.json(Call("GET", "/api/templates"))
        return answer

    async def test_webhook(self, webhook_id: str) -> types.DeliveriesAnswer:
        """Have a webhook sent a message, to try it.

        `POST /api/webhooks/{webhook_id}/test`
        """
        answer: types.DeliveriesAnswer = await self._caller.json(
            Call("POST", f"/api/webhooks/{part(webhook_id)}/test", body={})
        )
        return answer

    async def turn_schedule(self, schedule_id: str, **body: Unpack[types.ScheduleChange]) -> types.ScheduleAnswer:
        """Turn a schedule on or off.

        `PATCH /api/schedules/{schedule_id}`
        """
        answer: types.ScheduleAnswer = await self._caller.json(
            Call("PATCH", f"/api/schedules/{part(schedule_id)}", body=body)
        )
        return answer

    async def turn_webhook(self, webhook_id: str, **body: Unpack[types.WebhookChange]) -> types.WebhookAnswer:
        """Turn a webhook on or off.

        `PATCH /api/webhooks/{webhook_id}`
        """
        answer: types.WebhookAnswer = await self._caller.json(
            Call("PATCH", f"/api/webhooks/{part(webhook_id)}", body=body)
        )
        return answer

    async def versions(self, template_name: str) -> types.TemplateVersionsAnswer:
        """List all versions of a template, newest first.

        `GET /api/templates/{template_name}/versions`
        """
        answer: types.TemplateVersionsAnswer = await self._caller.json(
            Call("GET", f"/api/templates/{part(template_name)}/versions")
        )
        return answer

    async def webhooks(self) -> types.WebhooksAnswer:
        """List the webhooks, oldest first; no secret is shown.

        `GET /api/webhooks`
        """
        answer: types.WebhooksAnswer = await self._caller.json(Call("GET", "/api/webhooks"))
        return answer


class Batches:
    """Batches."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def history(
        self,
        *,
        limit: int | None = None,
        offset: int | None = None,
        status: Literal["pending", "running", "paused", "stopping", "completed", "stopped", "failed"] | None = None,
    ) -> types.HistoryAnswer:
        """Return past and present batches, newest first.

        `GET /api/generate/batch/history`
        """
        answer: types.HistoryAnswer = await self._caller.json(
            Call("GET", "/api/generate/batch/history", {"limit": limit, "offset": offset, "status": status})
        )
        return answer

    async def each_of_history(
        self,
        *,
        limit: int | None = None,
        status: Literal["pending", "running", "paused", "stopping", "completed", "stopped", "failed"] | None = None,
    ) -> AsyncGenerator[types.HistoryRow, None]:
        """Return past and present batches, newest first; one after another, page by page (`limit` a page).

        `GET /api/generate/batch/history`
        """
        item: types.HistoryRow
        async for item in self._caller.pages(
            Call("GET", "/api/generate/batch/history", {"limit": limit, "status": status}), "batches", "offset"
        ):
            yield item

    async def pause(self, **body: Unpack[types.NamedBatch]) -> types.ChangedAnswer:
        """Make no new call; answers under way are still stored.

        `POST /api/generate/batch/pause`
        """
        answer: types.ChangedAnswer = await self._caller.json(Call("POST", "/api/generate/batch/pause", body=body))
        return answer

    async def plan(self, **body: Unpack[types.PlanRequest]) -> types.PlanAnswer:
        """Estimate what a start would make, cost and take; starts nothing.

        `POST /api/generate/batch/plan`
        """
        answer: types.PlanAnswer = await self._caller.json(Call("POST", "/api/generate/batch/plan", body=body))
        return answer

    async def resume(self, **body: Unpack[types.NamedBatch]) -> types.ChangedAnswer:
        """Resume a paused batch.

        `POST /api/generate/batch/resume`
        """
        answer: types.ChangedAnswer = await self._caller.json(Call("POST", "/api/generate/batch/resume", body=body))
        return answer

    async def start(self, **body: Unpack[types.BatchRequest]) -> types.StartedAnswer:
        """Start a batch.

        `POST /api/generate/batch/start`
        """
        answer: types.StartedAnswer = await self._caller.json(Call("POST", "/api/generate/batch/start", body=body))
        return answer

    async def status(self, *, batch_id: str | None = None) -> types.StatusAnswer:
        """Return one batch, or the primary one with all others.

        `GET /api/generate/batch/status`
        """
        answer: types.StatusAnswer = await self._caller.json(
            Call("GET", "/api/generate/batch/status", {"batch_id": batch_id})
        )
        return answer

    async def stop(self, **body: Unpack[types.BatchReference]) -> types.StopAnswer:
        """Stop one batch, or all.

        `POST /api/generate/batch/stop`
        """
        answer: types.StopAnswer = await self._caller.json(Call("POST", "/api/generate/batch/stop", body=body))
        return answer

    def stream(self) -> AsyncGenerator[types.StreamMessage, None]:
        """Send every change as it happens; send `Last-Event-ID` to get what changed since.

        `GET /api/generate/batch/stream`
        """
        return self._caller.events(Call("GET", "/api/generate/batch/stream"))


class Catalogue:
    """Catalogue."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def difficulties(self) -> types.DifficultiesAnswer:
        """List what each level asks.

        `GET /api/difficulties`
        """
        answer: types.DifficultiesAnswer = await self._caller.json(Call("GET", "/api/difficulties"))
        return answer

    async def jurisdictions(self) -> types.JurisdictionsAnswer:
        """List the jurisdictions.

        `GET /api/jurisdictions`
        """
        answer: types.JurisdictionsAnswer = await self._caller.json(Call("GET", "/api/jurisdictions"))
        return answer

    async def models(self) -> types.ModelsAnswer:
        """List the usable models in fallback order; never waits for a vendor.

        `GET /api/models`
        """
        answer: types.ModelsAnswer = await self._caller.json(Call("GET", "/api/models"))
        return answer

    async def providers(self) -> types.ProvidersAnswer:
        """List the usable providers and their limits.

        `GET /api/providers`
        """
        answer: types.ProvidersAnswer = await self._caller.json(Call("GET", "/api/providers"))
        return answer

    async def sample_types(self) -> types.SampleTypesAnswer:
        """List the sample types.

        `GET /api/sample-types`
        """
        answer: types.SampleTypesAnswer = await self._caller.json(Call("GET", "/api/sample-types"))
        return answer

    async def topics(self, *, jurisdiction: str | None = None) -> types.TopicsAnswer:
        """List the topics.

        `GET /api/topics`

        Args:
            jurisdiction: uk (default), us, eu, international or all.
        """
        answer: types.TopicsAnswer = await self._caller.json(Call("GET", "/api/topics", {"jurisdiction": jurisdiction}))
        return answer


class Chat:
    """Chat."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def completions(self, **body: Unpack[types.ChatRequest]) -> types.ChatAnswer:
        """Answer a conversation; with `stream: true` as the events of a run: status, thought, token, done or error.

        `POST /api/chat/completions`
        """
        answer: types.ChatAnswer = await self._caller.json(Call("POST", "/api/chat/completions", body=body))
        return answer

    def stream(self, **body: Unpack[types.ChatRequest]) -> AsyncGenerator[types.ChatMessage, None]:
        """Answer a conversation; with `stream: true` as the events of a run: status, thought, token, done or error.

        `POST /api/chat/completions`
        """
        return self._caller.events(Call("POST", "/api/chat/completions", body={**body, "stream": True}, key=new_key()))

    async def providers(self) -> types.ChatProvidersAnswer:
        """List the providers and models for chats.

        `GET /api/chat/providers`
        """
        answer: types.ChatProvidersAnswer = await self._caller.json(Call("GET", "/api/chat/providers"))
        return answer

    async def system_prompts(self) -> types.SystemPromptsAnswer:
        """List system prompts to choose from.

        `GET /api/chat/system-prompts`
        """
        answer: types.SystemPromptsAnswer = await self._caller.json(Call("GET", "/api/chat/system-prompts"))
        return answer

    async def test(self, **body: Unpack[types.ChatTest]) -> types.ChatAnswer:
        """Answer one prompt, with a system instruction if there is one.

        `POST /api/chat/test`
        """
        answer: types.ChatAnswer = await self._caller.json(Call("POST", "/api/chat/test", body=body))
        return answer


class Comparisons:
    """Batches."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def find(self) -> types.ComparisonsAnswer:
        """List the comparisons, newest first.

        `GET /api/comparisons`
        """
        answer: types.ComparisonsAnswer = await self._caller.json(Call("GET", "/api/comparisons"))
        return answer

    async def get(self, comparison_id: str) -> types.ComparisonAnswer:
        """Return what came of a comparison so far, and what can be told apart.

        `GET /api/comparisons/{comparison_id}`
        """
        answer: types.ComparisonAnswer = await self._caller.json(Call("GET", f"/api/comparisons/{part(comparison_id)}"))
        return answer

    async def plan(self, **body: Unpack[types.ComparisonRequest]) -> types.ComparisonPlanAnswer:
        """Estimate what a comparison would make, cost and take; starts nothing.

        `POST /api/comparisons/plan`
        """
        answer: types.ComparisonPlanAnswer = await self._caller.json(Call("POST", "/api/comparisons/plan", body=body))
        return answer

    async def start(self, **body: Unpack[types.ComparisonRequest]) -> types.ComparisonAnswer:
        """Let several models write the same plan, each in a batch of its own.

        `POST /api/comparisons`
        """
        answer: types.ComparisonAnswer = await self._caller.json(Call("POST", "/api/comparisons", body=body))
        return answer


class Dataset:
    """Import, export, publish."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def back_up(self) -> types.BackedUpAnswer:
        """Make a backup.

        `POST /api/dataset/backup`
        """
        answer: types.BackedUpAnswer = await self._caller.json(Call("POST", "/api/dataset/backup", body={}))
        return answer

    async def backups(self) -> types.BackupsAnswer:
        """List the backups, newest first.

        `GET /api/dataset/backups`
        """
        answer: types.BackupsAnswer = await self._caller.json(Call("GET", "/api/dataset/backups"))
        return answer

    async def export(
        self,
        to: FileLike,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        format: str | None = None,
        fields: str | None = None,
        system_prompt: str | None = None,
        reasoning: str | None = None,
        split: str | None = None,
        splits: str | None = None,
        seed: int | None = None,
        data_version: str | None = None,
        include: str | None = None,
    ) -> Saved:
        """Export the data set as a file, streamed.

        `GET /api/export`

        Args:
            grounding: any (default), partly or grounded: samples that stand on law so well or better.
            format: parquet, jsonl, json, csv, messages, sharegpt, alpaca, prompts, argilla, label_studio,
                preferences, preference_messages or preference_openai.
            fields: Columns, comma-separated.
            reasoning: omit, answer or think; think keeps the model's own thoughts in flat formats.
            split: train, validation or test.
            splits: Shares of the three splits, such as 0.9,0.05,0.05.
            include: accepted: only samples that a reviewer accepted; unlicensed: also samples that stand on
                documents whose licence does not allow it or is not known; all: these, samples with invalid
                citations, and rejected ones.
        """
        return await self._caller.save(
            Call(
                "GET",
                "/api/export",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "format": format,
                    "fields": fields,
                    "system_prompt": system_prompt,
                    "reasoning": reasoning,
                    "split": split,
                    "splits": splits,
                    "seed": seed,
                    "data_version": data_version,
                    "include": include,
                },
            ),
            to,
        )

    async def fold(self, **body: Unpack[types.FoldBody]) -> types.FoldedAnswer:
        """Write the journal's changes into train.parquet, or into shards, now.

        `POST /api/dataset/fold`
        """
        answer: types.FoldedAnswer = await self._caller.json(Call("POST", "/api/dataset/fold", body=body))
        return answer

    async def formats(self) -> types.ExportFormatsAnswer:
        """List the formats that can be exported.

        `GET /api/export/formats`
        """
        answer: types.ExportFormatsAnswer = await self._caller.json(Call("GET", "/api/export/formats"))
        return answer

    async def import_samples(
        self,
        file: FileLike,
        *,
        format: str | None = None,
        encoding: str | None = None,
        on_duplicate: str | None = None,
        dry_run: bool | None = None,
        name: str | None = None,
        mapping: str | None = None,
    ) -> types.ImportedAnswer:
        """Import a file: JSON with `content`, a multipart file, or the file itself as the body. All of it or nothing.

        `POST /api/import`

        Args:
            format: jsonl, json, csv, tsv, xlsx or parquet; detected by default.
            encoding: Of a text, such as cp1252; detected by default.
            on_duplicate: error, skip or replace.
            mapping: Columns of the fields, such as question:prompt,answer:completion.
        """
        answer: types.ImportedAnswer = await self._caller.json(
            Call(
                "POST",
                "/api/import",
                {
                    "format": format,
                    "encoding": encoding,
                    "on_duplicate": on_duplicate,
                    "dry_run": dry_run,
                    "name": name,
                    "mapping": mapping,
                },
                file=file,
            )
        )
        return answer

    async def push(self, **body: Unpack[types.PushBody]) -> types.PushedAnswer:
        """Push the data set to the Hugging Face Hub.

        `POST /api/huggingface/push`
        """
        answer: types.PushedAnswer = await self._caller.json(Call("POST", "/api/huggingface/push", body=body))
        return answer

    async def report(self) -> types.DatasetReportAnswer:
        """Return the state of train.parquet and the notes about it.

        `GET /api/dataset/report`
        """
        answer: types.DatasetReportAnswer = await self._caller.json(Call("GET", "/api/dataset/report"))
        return answer


class Documents:
    """Documents."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def add_law(self, **body: Unpack[types.LawBody]) -> types.LawAnswer:
        """Fetch a text of law from its official service and take it in; it is read in the background.

        `POST /api/law`
        """
        answer: types.LawAnswer = await self._caller.json(Call("POST", "/api/law", body=body))
        return answer

    async def chunks(self, file_id: str, *, limit: int | None = None, offset: int | None = None) -> types.ChunksAnswer:
        """Return the chunks of a document: what is indexed and found.

        `GET /api/files/{file_id}/chunks`
        """
        answer: types.ChunksAnswer = await self._caller.json(
            Call("GET", f"/api/files/{part(file_id)}/chunks", {"limit": limit, "offset": offset})
        )
        return answer

    async def each_of_chunks(self, file_id: str, *, limit: int | None = None) -> AsyncGenerator[types.ChunkRow, None]:
        """Return the chunks of a document: what is indexed and found; one after another, page by page (`limit` a page).

        `GET /api/files/{file_id}/chunks`
        """
        item: types.ChunkRow
        async for item in self._caller.pages(
            Call("GET", f"/api/files/{part(file_id)}/chunks", {"limit": limit}), "chunks", "offset"
        ):
            yield item

    async def content(self, file_id: str, to: FileLike) -> Saved:
        """Send the file back as it came.

        `GET /api/files/{file_id}/content`
        """
        return await self._caller.save(Call("GET", f"/api/files/{part(file_id)}/content"), to)

    async def delete(self, file_id: str) -> types.DeletedDocumentAnswer:
        """Delete a document with its text, chunks, words and vectors; samples keep what they quote of it.

        `DELETE /api/files/{file_id}`
        """
        answer: types.DeletedDocumentAnswer = await self._caller.json(Call("DELETE", f"/api/files/{part(file_id)}"))
        return answer

    async def find(
        self,
        *,
        limit: int | None = None,
        offset: int | None = None,
        status: Literal["uploaded", "extracting", "chunking", "embedding", "ready", "failed"] | None = None,
        jurisdiction: str | None = None,
    ) -> types.DocumentsAnswer:
        """List the documents, newest first.

        `GET /api/files`
        """
        answer: types.DocumentsAnswer = await self._caller.json(
            Call(
                "GET", "/api/files", {"limit": limit, "offset": offset, "status": status, "jurisdiction": jurisdiction}
            )
        )
        return answer

    async def each(
        self,
        *,
        limit: int | None = None,
        status: Literal["uploaded", "extracting", "chunking", "embedding", "ready", "failed"] | None = None,
        jurisdiction: str | None = None,
    ) -> AsyncGenerator[types.DocumentRow, None]:
        """List the documents, newest first; one after another, page by page (`limit` a page).

        `GET /api/files`
        """
        item: types.DocumentRow
        async for item in self._caller.pages(
            Call("GET", "/api/files", {"limit": limit, "status": status, "jurisdiction": jurisdiction}),
            "files",
            "offset",
        ):
            yield item

    async def get(self, file_id: str) -> types.DocumentAnswer:
        """Return one document.

        `GET /api/files/{file_id}`
        """
        answer: types.DocumentAnswer = await self._caller.json(Call("GET", f"/api/files/{part(file_id)}"))
        return answer

    async def pages(self, file_id: str, *, limit: int | None = None, offset: int | None = None) -> types.PagesAnswer:
        """Return the text of a document by pages.

        `GET /api/files/{file_id}/pages`
        """
        answer: types.PagesAnswer = await self._caller.json(
            Call("GET", f"/api/files/{part(file_id)}/pages", {"limit": limit, "offset": offset})
        )
        return answer

    async def each_of_pages(self, file_id: str, *, limit: int | None = None) -> AsyncGenerator[types.PageRow, None]:
        """Return the text of a document by pages; one after another, page by page (`limit` a page).

        `GET /api/files/{file_id}/pages`
        """
        item: types.PageRow
        async for item in self._caller.pages(
            Call("GET", f"/api/files/{part(file_id)}/pages", {"limit": limit}), "pages", "offset"
        ):
            yield item

    async def reindex(self, file_id: str) -> types.DocumentAnswer:
        """Read a document again from its file, as after a failure.

        `POST /api/files/{file_id}/reindex`
        """
        answer: types.DocumentAnswer = await self._caller.json(
            Call("POST", f"/api/files/{part(file_id)}/reindex", body={})
        )
        return answer

    async def retrieve(self, **body: Unpack[types.RetrieveBody]) -> types.RetrieveAnswer:
        """Find the provisions that answer a question; calls no language model.

        `POST /api/retrieve`
        """
        answer: types.RetrieveAnswer = await self._caller.json(Call("POST", "/api/retrieve", body=body))
        return answer

    def stream(self) -> AsyncGenerator[types.FileMessage, None]:
        """Send every change of a document as it happens.

        `GET /api/files/stream`
        """
        return self._caller.events(Call("GET", "/api/files/stream"))

    async def upload(
        self,
        file: FileLike,
        *,
        name: str | None = None,
        title: str | None = None,
        licence: str | None = None,
        jurisdiction: str | None = None,
        version: str | None = None,
        url: str | None = None,
        wait: bool | None = None,
    ) -> types.UploadAnswer:
        """Take a document in: a multipart file, or the file itself as the body. It is read in the background.

        `POST /api/files/upload`

        Args:
            name: Name of the file, where it is the body itself.
            title: Citations resolve by it; by default what the file, its first line or name says.
            licence: Such as ogl-uk-3.0, cc-by-4.0, public-domain, own.
            jurisdiction: uk, us, eu or international.
            version: State of the text, as 2024-01-31.
            url: Where it can be read.
            wait: Answer when it is read and its words find it, after ten minutes at the latest.
        """
        answer: types.UploadAnswer = await self._caller.json(
            Call(
                "POST",
                "/api/files/upload",
                {
                    "name": name,
                    "title": title,
                    "licence": licence,
                    "jurisdiction": jurisdiction,
                    "version": version,
                    "url": url,
                    "wait": wait,
                },
                file=file,
            )
        )
        return answer


class Generation:
    """Generation."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def generate(self, **body: Unpack[types.GenerateRequest]) -> types.GeneratedAnswer:
        """Generate one sample now.

        `POST /api/generate`
        """
        answer: types.GeneratedAnswer = await self._caller.json(Call("POST", "/api/generate", body=body))
        return answer

    def stream(self, **body: Unpack[types.GenerateRequest]) -> AsyncGenerator[types.RunMessage, None]:
        """Generate one sample now, word by word: the events of a run, whose `done` has the sample.

        `POST /api/generate/stream`
        """
        return self._caller.events(Call("POST", "/api/generate/stream", body=body, key=new_key()))


class Jobs:
    """Runs."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def file(self, run_id: str, to: FileLike) -> Saved:
        """Send the file that an export wrote.

        `GET /api/jobs/{run_id}/file`
        """
        return await self._caller.save(Call("GET", f"/api/jobs/{part(run_id)}/file"), to)

    async def find(
        self, *, kind: Literal["report", "duplicates", "decontamination", "export"], limit: int | None = None
    ) -> types.JobsAnswer:
        """List the last runs of a kind, newest first.

        `GET /api/jobs`
        """
        answer: types.JobsAnswer = await self._caller.json(Call("GET", "/api/jobs", {"kind": kind, "limit": limit}))
        return answer

    async def start(self, **body: Unpack[types.JobBody]) -> types.JobStartedAnswer:
        """Begin work on the whole data set, and return at once; an `Idempotency-Key` sent again begins nothing new.

        `POST /api/jobs`
        """
        answer: types.JobStartedAnswer = await self._caller.json(Call("POST", "/api/jobs", body=body, key=new_key()))
        return answer


class Memories:
    """Assistant."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def change(self, key: str, **body: Unpack[types.MemoryChange]) -> types.MemoryAnswer:
        """Change a memory that is there.

        `PATCH /api/memories/{key}`
        """
        answer: types.MemoryAnswer = await self._caller.json(Call("PATCH", f"/api/memories/{part(key)}", body=body))
        return answer

    async def delete(self, key: str, *, user_id: str | None = None) -> types.MemoryDeletedAnswer:
        """Forget a memory.

        `DELETE /api/memories/{key}`
        """
        answer: types.MemoryDeletedAnswer = await self._caller.json(
            Call("DELETE", f"/api/memories/{part(key)}", {"user_id": user_id})
        )
        return answer

    async def find(self, *, user_id: str | None = None) -> types.MemoriesAnswer:
        """List the memories of a user, the last changed first.

        `GET /api/memories`
        """
        answer: types.MemoriesAnswer = await self._caller.json(Call("GET", "/api/memories", {"user_id": user_id}))
        return answer

    async def put(self, **body: Unpack[types.MemoryBody]) -> types.MemoryAnswer:
        """Remember a value under a key, whatever was there.

        `POST /api/memories`
        """
        answer: types.MemoryAnswer = await self._caller.json(Call("POST", "/api/memories", body=body))
        return answer


class Models:
    """Models."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def find(self, *, provider: str | None = None, enabled_only: bool | None = None) -> types.AllModelsAnswer:
        """List the models of every provider, or of one, usable or not.

        `GET /api/models/all`
        """
        answer: types.AllModelsAnswer = await self._caller.json(
            Call("GET", "/api/models/all", {"provider": provider, "enabled_only": enabled_only})
        )
        return answer

    async def get(self, model_id: str, *, provider_id: str | None = None) -> types.ModelAnswer:
        """Return a model; `provider_id` picks between equal ids.

        `GET /api/models/{model_id}`
        """
        answer: types.ModelAnswer = await self._caller.json(
            Call("GET", f"/api/models/{part(model_id)}", {"provider_id": provider_id})
        )
        return answer

    async def move(self, model_id: str, **body: Unpack[types.ModelPriority]) -> types.ModelMovedAnswer:
        """Move a model to a place of the fallback order, 0 being the first; the others shift.

        `PUT /api/models/{model_id}/priority`
        """
        answer: types.ModelMovedAnswer = await self._caller.json(
            Call("PUT", f"/api/models/{part(model_id)}/priority", body=body)
        )
        return answer

    async def reorder(self, **body: Unpack[types.ModelOrder]) -> types.ModelsReorderedAnswer:
        """Set the fallback order of a provider's models.

        `POST /api/models/reorder`
        """
        answer: types.ModelsReorderedAnswer = await self._caller.json(Call("POST", "/api/models/reorder", body=body))
        return answer

    async def toggle(self, model_id: str, **body: Unpack[types.ModelReference]) -> types.ModelChangedAnswer:
        """Switch a model on or off.

        `POST /api/models/{model_id}/toggle`
        """
        answer: types.ModelChangedAnswer = await self._caller.json(
            Call("POST", f"/api/models/{part(model_id)}/toggle", body=body)
        )
        return answer

    async def update(self, model_id: str, **body: Unpack[types.ModelChange]) -> types.ModelChangedAnswer:
        """Change the named fields; null restores the catalogue's value.

        `PUT /api/models/{model_id}`
        """
        answer: types.ModelChangedAnswer = await self._caller.json(
            Call("PUT", f"/api/models/{part(model_id)}", body=body)
        )
        return answer


class Monitoring:
    """Monitoring."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def events(
        self, batch_id: str, *, after: int | None = None, limit: int | None = None
    ) -> types.BatchEventsAnswer:
        """List every change of a batch, oldest first.

        `GET /api/batches/{batch_id}/events`

        Args:
            after: Id of the last event received.
        """
        answer: types.BatchEventsAnswer = await self._caller.json(
            Call("GET", f"/api/batches/{part(batch_id)}/events", {"after": after, "limit": limit})
        )
        return answer

    async def report(self, batch_id: str) -> types.BatchReportAnswer:
        """Report everything that is known about a batch.

        `GET /api/batches/{batch_id}/report`
        """
        answer: types.BatchReportAnswer = await self._caller.json(Call("GET", f"/api/batches/{part(batch_id)}/report"))
        return answer

    async def stuck(self) -> types.StuckAnswer:
        """List running batches that make no progress, and why; stops nothing.

        `GET /api/batches/stuck`
        """
        answer: types.StuckAnswer = await self._caller.json(Call("GET", "/api/batches/stuck"))
        return answer

    async def targets(self) -> types.TargetsAnswer:
        """List every model that may be chosen: open or closed, its limits, and what is used of them.

        `GET /api/targets`
        """
        answer: types.TargetsAnswer = await self._caller.json(Call("GET", "/api/targets"))
        return answer

    async def usage(
        self, *, by: str | None = None, since: str | None = None, batch_id: str | None = None
    ) -> types.UsageAnswer:
        """Return calls, tokens and cost by day, provider, model and batch.

        `GET /api/usage`

        Args:
            by: Some of day, provider, model, batch, comma-separated; all by default.
            since: A day, such as 2026-11-21.
        """
        answer: types.UsageAnswer = await self._caller.json(
            Call("GET", "/api/usage", {"by": by, "since": since, "batch_id": batch_id})
        )
        return answer


class Products:
    """Assistant."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def ask(self, *, q: str) -> types.DatasetQueryAnswer:
        """Answer a question about the data set in words, by a typed query that is shown with the answer.

        `GET /api/dataset/query`

        Args:
            q: A question about the data set.
        """
        answer: types.DatasetQueryAnswer = await self._caller.json(Call("GET", "/api/dataset/query", {"q": q}))
        return answer

    async def delete(self, product_id: str) -> types.ProductDeletedAnswer:
        """Delete a product; its samples stay.

        `DELETE /api/products/{product_id}`
        """
        answer: types.ProductDeletedAnswer = await self._caller.json(
            Call("DELETE", f"/api/products/{part(product_id)}")
        )
        return answer

    async def find(self) -> types.ProductsAnswer:
        """List the products, newest first.

        `GET /api/products`
        """
        answer: types.ProductsAnswer = await self._caller.json(Call("GET", "/api/products"))
        return answer

    async def get(self, product_id: str) -> types.ProductAnswer:
        """Return a product, and how many of its samples are unchanged, changed and gone.

        `GET /api/products/{product_id}`
        """
        answer: types.ProductAnswer = await self._caller.json(Call("GET", f"/api/products/{part(product_id)}"))
        return answer

    async def save(self, **body: Unpack[types.ProductBody]) -> types.ProductAnswer:
        """Save the samples that match the filters now as a product.

        `POST /api/products`
        """
        answer: types.ProductAnswer = await self._caller.json(Call("POST", "/api/products", body=body))
        return answer

    async def search(
        self,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        q: str | None = None,
        limit: int | None = None,
    ) -> types.ProductSearchAnswer:
        """Find products by words and by what their samples are.

        `GET /api/search/products`

        Args:
            grounding: grounded, partly or none.
            q: Words; all products where none are given.
        """
        answer: types.ProductSearchAnswer = await self._caller.json(
            Call(
                "GET",
                "/api/search/products",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "q": q,
                    "limit": limit,
                },
            )
        )
        return answer

    async def search_by_body(self, **body: Unpack[types.ProductSearchBody]) -> types.ProductSearchAnswer:
        """Find products by words and by what their samples are.

        `POST /api/search/products`
        """
        answer: types.ProductSearchAnswer = await self._caller.json(Call("POST", "/api/search/products", body=body))
        return answer


class Providers:
    """Providers."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def add(self, **body: Unpack[types.NewProvider]) -> types.ProviderAddedAnswer:
        """Add an OpenAI-compatible provider; it serves at once, unless it refuses the key.

        `POST /api/providers`
        """
        answer: types.ProviderAddedAnswer = await self._caller.json(Call("POST", "/api/providers", body=body))
        return answer

    async def config(self, provider_id: str) -> types.ProviderConfigAnswer:
        """Say whether a key and settings are stored, never their values.

        `GET /api/providers/{provider_id}/config`
        """
        answer: types.ProviderConfigAnswer = await self._caller.json(
            Call("GET", f"/api/providers/{part(provider_id)}/config")
        )
        return answer

    async def events(self, *, after: int | None = None, limit: int | None = None) -> types.ProviderEventsAnswer:
        """List every change of providers and models, oldest first.

        `GET /api/providers/events`

        Args:
            after: Id of the last event received.
        """
        answer: types.ProviderEventsAnswer = await self._caller.json(
            Call("GET", "/api/providers/events", {"after": after, "limit": limit})
        )
        return answer

    async def find(self, *, include_models: bool | None = None) -> types.AllProvidersAnswer:
        """List every provider, usable or not, with its models.

        `GET /api/providers/all`
        """
        answer: types.AllProvidersAnswer = await self._caller.json(
            Call("GET", "/api/providers/all", {"include_models": include_models})
        )
        return answer

    async def get(self, provider_id: str) -> types.ProviderAnswer:
        """Return a provider with its models.

        `GET /api/providers/{provider_id}`
        """
        answer: types.ProviderAnswer = await self._caller.json(Call("GET", f"/api/providers/{part(provider_id)}"))
        return answer

    async def remove(self, provider_id: str) -> types.RemovedAnswer:
        """Remove a provider that was added.

        `DELETE /api/providers/{provider_id}`
        """
        answer: types.RemovedAnswer = await self._caller.json(Call("DELETE", f"/api/providers/{part(provider_id)}"))
        return answer

    async def set_config(
        self, provider_id: str, **body: Unpack[types.ProviderConfigChange]
    ) -> types.ProviderConfigChangedAnswer:
        """Try and store a provider's key, and its free settings, encrypted; null or empty removes them.

        `PUT /api/providers/{provider_id}/config`
        """
        answer: types.ProviderConfigChangedAnswer = await self._caller.json(
            Call("PUT", f"/api/providers/{part(provider_id)}/config", body=body)
        )
        return answer

    async def stats(self) -> types.ProviderStatsAnswer:
        """Count providers and models.

        `GET /api/providers/stats`
        """
        answer: types.ProviderStatsAnswer = await self._caller.json(Call("GET", "/api/providers/stats"))
        return answer

    async def test(self, provider_id: str, **body: Unpack[types.ProviderTest]) -> types.ProviderTestAnswer:
        """Make one small call: latency and the vendor's limits, or the error with its category.

        `POST /api/providers/{provider_id}/test`
        """
        answer: types.ProviderTestAnswer = await self._caller.json(
            Call("POST", f"/api/providers/{part(provider_id)}/test", body=body)
        )
        return answer

    async def toggle(self, provider_id: str) -> types.ProviderChangedAnswer:
        """Switch a provider on or off.

        `POST /api/providers/{provider_id}/toggle`
        """
        answer: types.ProviderChangedAnswer = await self._caller.json(
            Call("POST", f"/api/providers/{part(provider_id)}/toggle", body={})
        )
        return answer

    async def update(self, provider_id: str, **body: Unpack[types.ProviderChange]) -> types.ProviderChangedAnswer:
        """Change the named fields, at once and for running batches; null restores the catalogue's value.

        `PUT /api/providers/{provider_id}`
        """
        answer: types.ProviderChangedAnswer = await self._caller.json(
            Call("PUT", f"/api/providers/{part(provider_id)}", body=body)
        )
        return answer


class Quality:
    """Quality."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def alike(self, sample_id: str) -> types.SimilarAnswer:
        """List the samples that are similar to one.

        `GET /api/sample/{sample_id}/duplicates`
        """
        answer: types.SimilarAnswer = await self._caller.json(Call("GET", f"/api/sample/{part(sample_id)}/duplicates"))
        return answer

    async def check_sample(self, sample_id: str) -> types.SampleCitationsAnswer:
        """Find the citations of a stored sample, verified now.

        `GET /api/sample/{sample_id}/citations`
        """
        answer: types.SampleCitationsAnswer = await self._caller.json(
            Call("GET", f"/api/sample/{part(sample_id)}/citations")
        )
        return answer

    async def check_text(self, **body: Unpack[types.CitationText]) -> types.TextCitationsAnswer:
        """Find and verify the citations of a text.

        `POST /api/citations/check`
        """
        answer: types.TextCitationsAnswer = await self._caller.json(Call("POST", "/api/citations/check", body=body))
        return answer

    async def duplicates(self) -> types.DuplicatesAnswer:
        """List the pairs of similar samples.

        `GET /api/quality/duplicates`
        """
        answer: types.DuplicatesAnswer = await self._caller.json(Call("GET", "/api/quality/duplicates"))
        return answer

    async def leaderboard(
        self,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        batches: str | None = None,
        since: str | None = None,
        sort: Literal[
            "accepted",
            "invented",
            "verified",
            "invalid",
            "grounded",
            "reviewed",
            "quality",
            "judge",
            "cost_usd",
            "tokens",
            "answer_tokens",
            "seconds",
        ]
        | None = None,
    ) -> types.LeaderboardAnswer:
        """Compare the models on the data that are here, each figure with its interval of 95 %.

        `GET /api/leaderboard`

        Args:
            grounding: grounded, partly or none.
            batches: Ids of batches, comma-separated: only what they made.
            since: A day, such as 2026-11-21: samples made, and batches begun, from then on.
            sort: The measure by which the best is first.
        """
        answer: types.LeaderboardAnswer = await self._caller.json(
            Call(
                "GET",
                "/api/leaderboard",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "batches": batches,
                    "since": since,
                    "sort": sort,
                },
            )
        )
        return answer

    async def queue(
        self,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> types.ReviewQueueAnswer:
        """List the samples that wait for a reviewer, the lowest score first.

        `GET /api/review/queue`

        Args:
            grounding: grounded, partly or none.
        """
        answer: types.ReviewQueueAnswer = await self._caller.json(
            Call(
                "GET",
                "/api/review/queue",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "limit": limit,
                    "offset": offset,
                },
            )
        )
        return answer

    async def each_of_queue(
        self,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[types.StoredSample, None]:
        """List the samples that wait for a reviewer, the lowest score first; one after another, page by page (`limit` a page).

        `GET /api/review/queue`

        Args:
            grounding: grounded, partly or none.
        """
        item: types.StoredSample
        async for item in self._caller.pages(
            Call(
                "GET",
                "/api/review/queue",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "limit": limit,
                },
            ),
            "samples",
            "offset",
        ):
            yield item

    async def report(self, *, renew: bool | None = None) -> types.QualityReportAnswer:
        """Report the quality of the data set; 503 while a large one is measured for the first time.

        `GET /api/quality/report`
        """
        answer: types.QualityReportAnswer = await self._caller.json(
            Call("GET", "/api/quality/report", {"renew": renew})
        )
        return answer

    async def review(self, sample_id: str, **body: Unpack[types.Review]) -> types.ReviewedAnswer:
        """Record what a reviewer decided.

        `POST /api/sample/{sample_id}/review`
        """
        answer: types.ReviewedAnswer = await self._caller.json(
            Call("POST", f"/api/sample/{part(sample_id)}/review", body=body)
        )
        return answer

    async def reviews(self, sample_id: str) -> types.ReviewsAnswer:
        """List every decision about a sample.

        `GET /api/sample/{sample_id}/reviews`
        """
        answer: types.ReviewsAnswer = await self._caller.json(Call("GET", f"/api/sample/{part(sample_id)}/reviews"))
        return answer


class Releases:
    """Releases."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def again(self, release_id: str, **body: Unpack[types.ReleaseAgainBody]) -> types.ReleaseStartedAnswer:
        """Make the next version of a release by its recipe; `diff` tells what differs.

        `POST /api/releases/{release_id}/again`
        """
        answer: types.ReleaseStartedAnswer = await self._caller.json(
            Call("POST", f"/api/releases/{part(release_id)}/again", body=body, key=new_key())
        )
        return answer

    async def card(self, release_id: str, to: FileLike) -> Saved:
        """Return the card of a release, with its datasheet, as a push writes it.

        `GET /api/releases/{release_id}/card`
        """
        return await self._caller.save(Call("GET", f"/api/releases/{part(release_id)}/card"), to)

    async def croissant(self, release_id: str, to: FileLike) -> Saved:
        """Return what machines read of a release: Croissant 1.1 with its responsible-AI fields.

        `GET /api/releases/{release_id}/croissant`
        """
        return await self._caller.save(Call("GET", f"/api/releases/{part(release_id)}/croissant"), to)

    async def diff(
        self, release_id: str, *, to: str | None = None, limit: int | None = None
    ) -> types.ReleaseDiffAnswer:
        """Compare a release with another, or with what its recipe makes of the data set now.

        `GET /api/releases/{release_id}/diff`

        Args:
            to: Id of another release; now: what the recipe makes at present.
        """
        answer: types.ReleaseDiffAnswer = await self._caller.json(
            Call("GET", f"/api/releases/{part(release_id)}/diff", {"to": to, "limit": limit})
        )
        return answer

    async def export(
        self,
        release_id: str,
        to: FileLike,
        *,
        format: str | None = None,
        fields: str | None = None,
        system_prompt: str | None = None,
        reasoning: str | None = None,
        split: str | None = None,
    ) -> Saved:
        """Send a release, or one split of it, in a format for trainers.

        `GET /api/releases/{release_id}/export`

        Args:
            format: As an export's.
            fields: Columns, comma-separated.
            reasoning: omit, answer or think, as an export's.
            split: train, validation or test; all by default.
        """
        return await self._caller.save(
            Call(
                "GET",
                f"/api/releases/{part(release_id)}/export",
                {
                    "format": format,
                    "fields": fields,
                    "system_prompt": system_prompt,
                    "reasoning": reasoning,
                    "split": split,
                },
            ),
            to,
        )

    async def file(self, release_id: str, path: str, to: FileLike) -> Saved:
        """Send a file of a release as it was written.

        `GET /api/releases/{release_id}/files/{path}`
        """
        return await self._caller.save(Call("GET", f"/api/releases/{part(release_id)}/files/{part(path)}"), to)

    async def pull(self, **body: Unpack[types.ReleasePullBody]) -> types.ReleaseStartedAnswer:
        """Pull a release from the Hugging Face Hub, checked by its hashes: begins a run, whose result is the release.

        `POST /api/releases/pull`
        """
        answer: types.ReleaseStartedAnswer = await self._caller.json(
            Call("POST", "/api/releases/pull", body=body, key=new_key())
        )
        return answer

    async def push(self, release_id: str, **body: Unpack[types.ReleasePushBody]) -> types.ReleaseStartedAnswer:
        """Push a release to the Hugging Face Hub, as a tagged revision: begins a run.

        `POST /api/releases/{release_id}/push`
        """
        answer: types.ReleaseStartedAnswer = await self._caller.json(
            Call("POST", f"/api/releases/{part(release_id)}/push", body=body, key=new_key())
        )
        return answer

    async def release(self, release_id: str) -> types.ReleaseAnswer:
        """Return a release with all that is known of it.

        `GET /api/releases/{release_id}`
        """
        answer: types.ReleaseAnswer = await self._caller.json(Call("GET", f"/api/releases/{part(release_id)}"))
        return answer

    async def releases(self, *, name: str | None = None, yanked: bool | None = None) -> types.ReleasesAnswer:
        """List the releases, newest first.

        `GET /api/releases`

        Args:
            name: Only those of this name.
            yanked: With those that were yanked.
        """
        answer: types.ReleasesAnswer = await self._caller.json(
            Call("GET", "/api/releases", {"name": name, "yanked": yanked})
        )
        return answer

    async def restore(self, release_id: str) -> types.ReleaseAnswer:
        """Take back that a release should not be used.

        `DELETE /api/releases/{release_id}/yank`
        """
        answer: types.ReleaseAnswer = await self._caller.json(Call("DELETE", f"/api/releases/{part(release_id)}/yank"))
        return answer

    async def start(self, **body: Unpack[types.ReleaseBody]) -> types.ReleaseStartedAnswer:
        """Freeze a part of the data set: begins a run, whose result is the release.

        `POST /api/releases`
        """
        answer: types.ReleaseStartedAnswer = await self._caller.json(
            Call("POST", "/api/releases", body=body, key=new_key())
        )
        return answer

    async def verify(self, release_id: str, **body: Unpack[types.ReleaseVerifyBody]) -> types.ReleaseCheckAnswer:
        """Check the files of a release, or its copy on the Hub, byte by byte and row by row.

        `POST /api/releases/{release_id}/verify`
        """
        answer: types.ReleaseCheckAnswer = await self._caller.json(
            Call("POST", f"/api/releases/{part(release_id)}/verify", body=body)
        )
        return answer

    async def yank(self, release_id: str, **body: Unpack[types.YankBody]) -> types.ReleaseAnswer:
        """Say that a release should not be used any more, and why; with `erase` its files are removed.

        `POST /api/releases/{release_id}/yank`
        """
        answer: types.ReleaseAnswer = await self._caller.json(
            Call("POST", f"/api/releases/{part(release_id)}/yank", body=body)
        )
        return answer


class Runs:
    """Runs."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def cancel(self, run_id: str) -> types.RunAnswer:
        """Cancel a run; one that has ended stays as it is. What it had used by then is counted.

        `POST /api/runs/{run_id}/cancel`
        """
        answer: types.RunAnswer = await self._caller.json(Call("POST", f"/api/runs/{part(run_id)}/cancel", body={}))
        return answer

    def events(self, run_id: str, *, after: int | None = None) -> AsyncGenerator[types.RunMessage, None]:
        """Send the events of a run: all of them, or with `Last-Event-ID` (or `after`) those behind that number.

        `GET /api/runs/{run_id}/events`

        Args:
            after: Number of the last event received; the header Last-Event-ID goes before it.
        """
        return self._caller.events(Call("GET", f"/api/runs/{part(run_id)}/events", {"after": after}))

    async def get(self, run_id: str) -> types.RunAnswer:
        """Tell what became of a run, with its answer once it is done.

        `GET /api/runs/{run_id}`
        """
        answer: types.RunAnswer = await self._caller.json(Call("GET", f"/api/runs/{part(run_id)}"))
        return answer


class Samples:
    """Data set."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def add(self, fields: Mapping[str, object]) -> types.AddedAnswer:
        """Add a sample.

        `POST /api/add`; fields of `types.NewSample`.
        """
        answer: types.AddedAnswer = await self._caller.json(Call("POST", "/api/add", body=fields))
        return answer

    async def all(
        self,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        sort: str | None = None,
        cursor: str | None = None,
    ) -> list[types.StoredSample]:
        """List samples as a bare array, newest first, streamed.

        `GET /api/data`

        Args:
            grounding: grounded, partly or none.
            limit: Most samples to return; all by default.
            sort: newest, oldest, longest, shortest, or a column; a leading - reverses it.
            cursor: Where the previous page ended (X-Next-Cursor, next_cursor).
        """
        answer: list[types.StoredSample] = await self._caller.json(
            Call(
                "GET",
                "/api/data",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "limit": limit,
                    "offset": offset,
                    "sort": sort,
                    "cursor": cursor,
                },
            )
        )
        return answer

    async def batch_quality(self, batch_id: str) -> types.BatchQualityAnswer:
        """Return figures on the quality of a batch's samples.

        `GET /api/batch/{batch_id}/quality`
        """
        answer: types.BatchQualityAnswer = await self._caller.json(Call("GET", f"/api/batch/{part(batch_id)}/quality"))
        return answer

    async def batch_samples(self, batch_id: str) -> types.BatchSamplesAnswer:
        """Return all samples of a batch.

        `GET /api/batch/{batch_id}/samples`
        """
        answer: types.BatchSamplesAnswer = await self._caller.json(Call("GET", f"/api/batch/{part(batch_id)}/samples"))
        return answer

    async def bulk_changes(self) -> types.BulksAnswer:
        """List the last changes of many samples, with what undoes them.

        `GET /api/samples/bulk`
        """
        answer: types.BulksAnswer = await self._caller.json(Call("GET", "/api/samples/bulk"))
        return answer

    async def chain_of_thought(self, sample_id: str) -> types.ThoughtAnswer:
        """Show how a sample reasons, step by step, and what its model thought.

        `GET /api/samples/{sample_id}/chain-of-thought`
        """
        answer: types.ThoughtAnswer = await self._caller.json(
            Call("GET", f"/api/samples/{part(sample_id)}/chain-of-thought")
        )
        return answer

    async def change_many(self, **body: Unpack[types.BulkBody]) -> types.BulkAnswer:
        """Edit or delete all samples that match, at once.

        `POST /api/samples/bulk`
        """
        answer: types.BulkAnswer = await self._caller.json(Call("POST", "/api/samples/bulk", body=body))
        return answer

    async def delete(self, sample_id: str) -> types.DeletedAnswer:
        """Delete a sample.

        `DELETE /api/sample/{sample_id}`
        """
        answer: types.DeletedAnswer = await self._caller.json(Call("DELETE", f"/api/sample/{part(sample_id)}"))
        return answer

    async def delete_named(self, *, id: str) -> types.DeletedAnswer:
        """Delete a sample, whatever its id.

        `DELETE /api/sample`

        Args:
            id: The sample's id, escaped as any argument.
        """
        answer: types.DeletedAnswer = await self._caller.json(Call("DELETE", "/api/sample", {"id": id}))
        return answer

    async def detailed_stats(self) -> types.DetailedStatsAnswer:
        """Return every breakdown.

        `GET /api/stats/detailed`
        """
        answer: types.DetailedStatsAnswer = await self._caller.json(Call("GET", "/api/stats/detailed"))
        return answer

    async def download(self, sample_id: str, to: FileLike) -> Saved:
        """Download one sample as a file.

        `GET /api/sample/{sample_id}/download`
        """
        return await self._caller.save(Call("GET", f"/api/sample/{part(sample_id)}/download"), to)

    async def download_many(self, to: FileLike, **body: Unpack[types.SampleIds]) -> Saved:
        """Download the samples named as JSON Lines.

        `POST /api/samples/download`
        """
        return await self._caller.save(Call("POST", "/api/samples/download", body=body), to)

    async def draw(
        self,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        count: int | None = None,
        seed: int | None = None,
    ) -> types.RandomAnswer:
        """Draw samples at random.

        `GET /api/samples/random`

        Args:
            grounding: grounded, partly or none.
            seed: The same seed draws the same samples.
        """
        answer: types.RandomAnswer = await self._caller.json(
            Call(
                "GET",
                "/api/samples/random",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "count": count,
                    "seed": seed,
                },
            )
        )
        return answer

    async def find(
        self,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        sort: str | None = None,
        cursor: str | None = None,
    ) -> types.FilteredAnswer:
        """Return one page of the samples that match.

        `GET /api/samples/filter`

        Args:
            grounding: grounded, partly or none.
            sort: newest, oldest, longest, shortest, or a column; a leading - reverses it.
            cursor: Where the previous page ended (X-Next-Cursor, next_cursor).
        """
        answer: types.FilteredAnswer = await self._caller.json(
            Call(
                "GET",
                "/api/samples/filter",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "limit": limit,
                    "offset": offset,
                    "sort": sort,
                    "cursor": cursor,
                },
            )
        )
        return answer

    async def each(
        self,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> AsyncGenerator[types.StoredSample, None]:
        """Return one page of the samples that match; one after another, page by page (`limit` a page).

        `GET /api/samples/filter`

        Args:
            grounding: grounded, partly or none.
            sort: newest, oldest, longest, shortest, or a column; a leading - reverses it.
        """
        item: types.StoredSample
        async for item in self._caller.pages(
            Call(
                "GET",
                "/api/samples/filter",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "limit": limit,
                    "sort": sort,
                },
            ),
            "samples",
            "cursor",
        ):
            yield item

    async def get(self, sample_id: str) -> types.SampleAnswer:
        """Return one sample.

        `GET /api/sample/{sample_id}`
        """
        answer: types.SampleAnswer = await self._caller.json(Call("GET", f"/api/sample/{part(sample_id)}"))
        return answer

    async def get_named(self, *, id: str) -> types.SampleAnswer:
        """Return one sample, whatever its id.

        `GET /api/sample`

        Args:
            id: The sample's id, escaped as any argument.
        """
        answer: types.SampleAnswer = await self._caller.json(Call("GET", "/api/sample", {"id": id}))
        return answer

    async def search(
        self,
        *,
        topic: str | None = None,
        difficulty: str | None = None,
        jurisdiction: str | None = None,
        sample_type: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        batch_id: str | None = None,
        grounding: str | None = None,
        q: str | None = None,
        field: str | None = None,
        limit: int | None = None,
        sort: str | None = None,
        snippets: bool | None = None,
    ) -> types.SearchAnswer:
        """Find the samples that hold the words.

        `GET /api/search`

        Args:
            grounding: grounded, partly or none.
            q: Words; each must occur; required.
            field: all, question, answer, topic, case_citation or reasoning.
            sort: newest or relevance.
        """
        answer: types.SearchAnswer = await self._caller.json(
            Call(
                "GET",
                "/api/search",
                {
                    "topic": topic,
                    "difficulty": difficulty,
                    "jurisdiction": jurisdiction,
                    "sample_type": sample_type,
                    "provider": provider,
                    "model": model,
                    "batch_id": batch_id,
                    "grounding": grounding,
                    "q": q,
                    "field": field,
                    "limit": limit,
                    "sort": sort,
                    "snippets": snippets,
                },
            )
        )
        return answer

    async def stats(self) -> types.StatsAnswer:
        """Return counts and average lengths.

        `GET /api/stats`
        """
        answer: types.StatsAnswer = await self._caller.json(Call("GET", "/api/stats"))
        return answer

    async def token_stats(self) -> types.TokenStatsAnswer:
        """Return tokens by field and breakdown; 503 with the progress while many new samples are counted.

        `GET /api/stats/tokens`
        """
        answer: types.TokenStatsAnswer = await self._caller.json(Call("GET", "/api/stats/tokens"))
        return answer

    async def undo(self, **body: Unpack[types.UndoBody]) -> types.UndoneAnswer:
        """Undo a change of many samples.

        `POST /api/samples/bulk/undo`
        """
        answer: types.UndoneAnswer = await self._caller.json(Call("POST", "/api/samples/bulk/undo", body=body))
        return answer

    async def update(self, sample_id: str, fields: Mapping[str, object]) -> types.UpdatedAnswer:
        """Change the named fields of a sample; all others stay.

        `PUT /api/sample/{sample_id}`; fields of `types.SampleChange`.
        """
        answer: types.UpdatedAnswer = await self._caller.json(
            Call("PUT", f"/api/sample/{part(sample_id)}", body=fields)
        )
        return answer

    async def update_named(self, fields: Mapping[str, object]) -> types.UpdatedAnswer:
        """Change the named fields of a sample, whatever its id; a new id makes it reachable by path.

        `PUT /api/sample`; fields of `types.SampleChange`.
        """
        answer: types.UpdatedAnswer = await self._caller.json(Call("PUT", "/api/sample", body=fields))
        return answer


class Service:
    """Service."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def docs_asset(self, name: str) -> str:
        """Return a part of the documentation page.

        `GET /api/docs/assets/{name}`
        """
        return await self._caller.text(Call("GET", f"/api/docs/assets/{part(name)}"))

    async def docs_page(self) -> str:
        """Show the API as a readable page; works offline.

        `GET /api/docs`
        """
        return await self._caller.text(Call("GET", "/api/docs"))

    async def health(self) -> types.HealthAnswer:
        """Return the state of the service.

        `GET /api/health`
        """
        answer: types.HealthAnswer = await self._caller.json(Call("GET", "/api/health"))
        return answer

    async def info(self) -> types.InfoAnswer:
        """Return the version and the endpoints.

        `GET /api/info`
        """
        answer: types.InfoAnswer = await self._caller.json(Call("GET", "/api/info"))
        return answer

    async def live(self) -> types.LiveAnswer:
        """Answer while the process lives; for supervisors, needs no token.

        `GET /api/health/live`
        """
        answer: types.LiveAnswer = await self._caller.json(Call("GET", "/api/health/live"))
        return answer

    async def metrics(self) -> str:
        """Return the metrics for Prometheus.

        `GET /metrics`
        """
        return await self._caller.text(Call("GET", "/metrics"))

    async def openapi(self) -> dict[str, object]:
        """Describe the API as an OpenAPI 3.1 document.

        `GET /api/openapi.json`
        """
        answer: dict[str, object] = await self._caller.json(Call("GET", "/api/openapi.json"))
        return answer

    async def ready(self) -> types.ReadyAnswer:
        """Ping database, data set and disk; 503 names the parts that do not work. Needs no token.

        `GET /api/health/ready`
        """
        answer: types.ReadyAnswer = await self._caller.json(Call("GET", "/api/health/ready"))
        return answer


class Sessions:
    """Assistant."""

    def __init__(self, caller: AsyncCaller) -> None:
        self._caller = caller

    async def add_event(self, **body: Unpack[types.EventBody]) -> types.EventAnswer:
        """Keep an event in the audit trail; a decision about a sample is its review at the same time.

        `POST /api/events`
        """
        answer: types.EventAnswer = await self._caller.json(Call("POST", "/api/events", body=body))
        return answer

    async def delete(self, session_id: str) -> types.SessionDeletedAnswer:
        """Delete a session with its turns and summaries; its events stay, without their text.

        `DELETE /api/sessions/{session_id}`
        """
        answer: types.SessionDeletedAnswer = await self._caller.json(
            Call("DELETE", f"/api/sessions/{part(session_id)}")
        )
        return answer

    async def end(self, session_id: str) -> types.SessionAnswer:
        """End a session; one that has ended stays as it is.

        `POST /api/sessions/{session_id}/end`
        """
        answer: types.SessionAnswer = await self._caller.json(
            Call("POST", f"/api/sessions/{part(session_id)}/end", body={})
        )
        return answer

    async def events(
        self,
        *,
        user_id: str | None = None,
        type: Literal[
            "prompt",
            "model_response",
            "feedback",
            "sample_accepted",
            "sample_rejected",
            "sample_edited",
            "citation_opened",
            "file_uploaded",
            "release_exported",
        ]
        | None = None,
        session_id: str | None = None,
        since: str | None = None,
        cursor: int | None = None,
        limit: int | None = None,
    ) -> types.EventsAnswer:
        """List a user's events, oldest first.

        `GET /api/events`

        Args:
            since: Only events from this moment on.
            cursor: Only events behind this id.
        """
        answer: types.EventsAnswer = await self._caller.json(
            Call(
                "GET",
                "/api/events",
                {
                    "user_id": user_id,
                    "type": type,
                    "session_id": session_id,
                    "since": since,
                    "cursor": cursor,
                    "limit": limit,
                },
            )
        )
        return answer

    async def each_of_events(
        self,
        *,
        user_id: str | None = None,
        type: Literal[
            "prompt",
            "model_response",
            "feedback",
            "sample_accepted",
            "sample_rejected",
            "sample_edited",
            "citation_opened",
            "file_uploaded",
            "release_exported",
        ]
        | None = None,
        session_id: str | None = None,
        since: str | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[types.AuditEventInfo, None]:
        """List a user's events, oldest first; one after another, page by page (`limit` a page).

        `GET /api/events`

        Args:
            since: Only events from this moment on.
        """
        item: types.AuditEventInfo
        async for item in self._caller.pages(
            Call(
                "GET",
                "/api/events",
                {"user_id": user_id, "type": type, "session_id": session_id, "since": since, "limit": limit},
            ),
            "events",
            "cursor",
        ):
            yield item

    async def find(
        self,
        *,
        user_id: str | None = None,
        status: Literal["active", "ended"] | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> types.SessionsAnswer:
        """List the sessions of a user, the last used first.

        `GET /api/sessions`
        """
        answer: types.SessionsAnswer = await self._caller.json(
            Call("GET", "/api/sessions", {"user_id": user_id, "status": status, "limit": limit, "offset": offset})
        )
        return answer

    async def each(
        self, *, user_id: str | None = None, status: Literal["active", "ended"] | None = None, limit: int | None = None
    ) -> AsyncGenerator[types.SessionInfo, None]:
        """List the sessions of a user, the last used first; one after another, page by page (`limit` a page).

        `GET /api/sessions`
        """
        item: types.SessionInfo
        async for item in self._caller.pages(
            Call("GET", "/api/sessions", {"user_id": user_id, "status": status, "limit": limit}), "sessions", "offset"
        ):
            yield item

    async def get(
        self, session_id: str, *, include_events: bool | None = None, limit: int | None = None
    ) -> types.SessionDetailAnswer:
        """Return a session with its summary and last turns, and its events if asked for.

        `GET /api/sessions/{session_id}`

        Args:
            limit: Most turns, and most events.
        """
        answer: types.SessionDetailAnswer = await self._caller.json(
            Call("GET", f"/api/sessions/{part(session_id)}", {"include_events": include_events, "limit": limit})
        )
        return answer

    async def history(
        self,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> types.TurnHistoryAnswer:
        """List a user's queries with their answers, newest first.

        `GET /api/query/history`

        Args:
            before: Only turns before this id.
        """
        answer: types.TurnHistoryAnswer = await self._caller.json(
            Call(
                "GET",
                "/api/query/history",
                {"user_id": user_id, "session_id": session_id, "before": before, "limit": limit},
            )
        )
        return answer

    async def each_of_history(
        self, *, user_id: str | None = None, session_id: str | None = None, limit: int | None = None
    ) -> AsyncGenerator[types.TurnInfo, None]:
        """List a user's queries with their answers, newest first; one after another, page by page (`limit` a page).

        `GET /api/query/history`
        """
        item: types.TurnInfo
        async for item in self._caller.pages(
            Call("GET", "/api/query/history", {"user_id": user_id, "session_id": session_id, "limit": limit}),
            "history",
            "before",
        ):
            yield item

    async def start(self, **body: Unpack[types.SessionStart]) -> types.SessionAnswer:
        """Begin a session.

        `POST /api/sessions/start`
        """
        answer: types.SessionAnswer = await self._caller.json(Call("POST", "/api/sessions/start", body=body))
        return answer


class Operations:
    """All groups of operations, one attribute each."""

    def __init__(self, caller: AsyncCaller) -> None:
        self.assistant = Assistant(caller)
        self.automation = Automation(caller)
        self.batches = Batches(caller)
        self.catalogue = Catalogue(caller)
        self.chat = Chat(caller)
        self.comparisons = Comparisons(caller)
        self.dataset = Dataset(caller)
        self.documents = Documents(caller)
        self.generation = Generation(caller)
        self.jobs = Jobs(caller)
        self.memories = Memories(caller)
        self.models = Models(caller)
        self.monitoring = Monitoring(caller)
        self.products = Products(caller)
        self.providers = Providers(caller)
        self.quality = Quality(caller)
        self.releases = Releases(caller)
        self.runs = Runs(caller)
        self.samples = Samples(caller)
        self.service = Service(caller)
        self.sessions = Sessions(caller)
