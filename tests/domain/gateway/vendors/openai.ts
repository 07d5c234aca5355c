import OpenAI from "openai";
import { base, record } from "./record.ts";

const openai = new OpenAI({ apiKey: "secret", baseURL: `${base}/v1`, maxRetries: 0 });

await record({
  create_chat_completion: () =>
    openai.chat.completions.create({
      model: "gpt-5-mini",
      messages: [
        { role: "system", content: "Answer in one sentence." },
        { role: "user", content: "What is a monad?" },
      ],
    }),
  create_response: () => openai.responses.create({ model: "gpt-5-mini", input: "What is a monad?" }),
  get_response: () =>
    openai.responses.retrieve("resp_67ccd3a9da748190baa7f1570fe91ac6", {
      include: ["web_search_call.action.sources", "file_search_call.results"],
    }),
  delete_response: () => openai.responses.delete("resp_67ccd3a9da748190baa7f1570fe91ac6"),
  cancel_response: () => openai.responses.cancel("resp_67ccd3a9da748190baa7f1570fe91ac6"),
  create_embedding: () =>
    openai.embeddings.create({
      model: "text-embedding-3-small",
      input: ["A cat", "A dog"],
      dimensions: 256,
      encoding_format: "float",
    }),
  create_moderation: () => openai.moderations.create({ input: "I want to hug them.", model: "omni-moderation-latest" }),
  generate_image: () =>
    openai.images.generate({
      model: "gpt-image-1",
      prompt: "A lighthouse in the fog as a woodcut",
      size: "1024x1024",
      quality: "low",
    }),
  create_speech: () =>
    openai.audio.speech.create({ model: "gpt-4o-mini-tts", input: "The build is green.", voice: "alloy" }),
  list_models: () => openai.models.list(),
  get_model: () => openai.models.retrieve("gpt-5-mini"),
  delete_model: () => openai.models.delete("ft:gpt-4o-mini:acme:support:7p4lURel"),
  list_fine_tuning_jobs: () => openai.fineTuning.jobs.list({ limit: 20 }),
  list_files: () => openai.files.list({ purpose: "batch", order: "desc", limit: 20 }),
  get_file: () => openai.files.retrieve("file-abc123"),
  download_file: () => openai.files.content("file-abc123"),
  delete_file: () => openai.files.delete("file-abc123"),
  create_batch: () =>
    openai.batches.create({ input_file_id: "file-abc123", endpoint: "/v1/embeddings", completion_window: "24h" }),
  list_batches: () => openai.batches.list({ limit: 20 }),
  get_batch: () => openai.batches.retrieve("batch_abc123"),
  cancel_batch: () => openai.batches.cancel("batch_abc123"),
  list_vector_stores: () => openai.vectorStores.list({ limit: 20 }),
  create_vector_store: () => openai.vectorStores.create({ name: "Handbook", file_ids: ["file-abc123"] }),
  search_vector_store: () =>
    openai.vectorStores.search("vs_abc123", { query: "How many days of leave?", max_num_results: 5 }),
  delete_vector_store: () => openai.vectorStores.delete("vs_abc123"),
});
